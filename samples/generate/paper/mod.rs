//! Invented papers, set and "scanned".
//!
//! In comes a seed and a wish (form, resolution, wear); out come page images and what a perfect reader would answer
//! about them. Every person, place and number is invented. Not its business: reading anything back.

mod birth;
mod cards;
mod civil;
mod dates;
mod deeds;
mod dice;
mod font;
mod ink;
mod numbers;
mod office;
mod output;
mod people;
mod press;
mod prose;
mod recipe;
mod scan;
mod sheet;

pub(crate) use output::{join, write};
pub(crate) use recipe::{Color, Form, Recipe, Scans, Split, Wear, committed, drawn, make};

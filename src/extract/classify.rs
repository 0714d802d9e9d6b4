//! Which form a paper is, by the printed text that the forms name. Unknown is an answer.

use super::form::Form;
use super::label;
use super::layout::Layout;

/// The form whose anchors are all there, the one of the highest rank and then of the most weight.
pub(crate) fn classify<'a>(layout: &Layout, forms: &'a [Form]) -> Option<&'a Form> {
    let scored = forms.iter().filter_map(|form| {
        let rules = &form.spec().classify;
        let score: f32 = rules
            .anchor
            .iter()
            .filter_map(|anchor| label::best(layout, anchor).map(|hit| anchor.weight * hit.quality))
            .sum();
        // A misread letter or two cost a little of an anchor's weight, not the form.
        (score >= rules.min_score.get_ref() * 0.85).then_some((rules.rank, score, form))
    });
    scored.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))).map(|(_, _, form)| form)
}

//! Sealed files of a document: its scans, its reading, its copy. Written once, never changed.

use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path as Location};

use super::StoreError;

/// Objects under `<home>/blobs/<folder>/<name>`.
#[derive(Clone, Debug)]
pub(super) struct Blobs {
    objects: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// The folder, made where it is missing.
    pub(super) fn local(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
        // A released copy must survive a power cut: file and folder are synced before `put` returns.
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { objects: Arc::new(objects) })
    }

    /// Creates an object; one that is there already is kept, because a resumed job writes the same thing again.
    pub(super) async fn create(&self, folder: &str, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.objects.put_opts(&location(folder, name), bytes.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn read(&self, folder: &str, name: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.objects.get(&location(folder, name)).await?.bytes().await?.to_vec())
    }

    pub(super) async fn remove_folder(&self, folder: &str) -> Result<(), StoreError> {
        let objects: Vec<_> = self.objects.list(Some(&Location::from(folder))).try_collect().await?;
        for object in objects {
            self.objects.delete(&object.location).await?;
        }
        Ok(())
    }

    /// The folders that hold anything.
    pub(super) async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let list = self.objects.list_with_delimiter(None).await?;
        Ok(list.common_prefixes.iter().filter_map(|p| p.filename().map(str::to_owned)).collect())
    }
}

fn location(folder: &str, name: &str) -> Location {
    Location::from_iter([folder, name])
}

//! A bucket with a log's files in it: anything that speaks Amazon's S3.
//!
//! An object is there whole or not at all, and lasts when the server has answered. Checkpoint and status are replaced only where
//! they still are what was read (`If-Match`, `If-None-Match`), so that of two exports the older cannot win.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::ClientConfigKey;
use object_store::path::Path as Location;
use object_store::{
    Attribute, Attributes, BackoffConfig, Error, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions,
    RetryConfig, UpdateVersion,
};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::connector::Connector;
use super::projection::{self, Exported, Target};
use super::{LogDb, StoreError};
use crate::error::Failure;
use crate::registry::check::Place;

/// How a bucket's address begins.
const SCHEME: &str = "s3://";
/// Requests that are under way at once: most of an upload is waiting.
const AT_ONCE: usize = 16;
/// An answer of 5xx or none at all is asked for again, so often and so long.
const RETRY: RetryConfig = RetryConfig {
    max_retries: 4,
    retry_timeout: Duration::from_secs(60),
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    },
};

/// A bucket, or what begins with a prefix in it.
#[derive(Debug)]
pub struct LogBucket {
    address: String,
    prefix: Location,
    objects: AmazonS3,
    runtime: Runtime,
}

impl LogBucket {
    /// Whether a place is the address of a bucket.
    pub fn is_address(place: &str) -> bool {
        place.starts_with(SCHEME)
    }

    /// The bucket at `s3://BUCKET[/PREFIX]`, with the settings that the environment variables `AWS_…` hold:
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL` (or
    /// `AWS_ENDPOINT_URL_S3`), `AWS_ALLOW_HTTP`, `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` and what else
    /// [`AmazonS3ConfigKey`] names; other variables are passed over. Asks nobody yet.
    ///
    /// # Errors
    /// `bucket-address`; `bucket-settings` for keys that are not there, a value that does not parse, an endpoint without TLS that
    /// was not allowed.
    pub fn open<K: AsRef<str>, V: Into<String>>(
        address: &str,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Failure> {
        let wrong = |what: &str| {
            Failure::new(
                "bucket-address",
                format!("{address}: {what}"),
                "give s3://BUCKET or s3://BUCKET/PREFIX",
            )
        };
        let place = address.strip_prefix(SCHEME).ok_or_else(|| wrong("no address of a bucket"))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() || !bucket.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)) {
            return Err(wrong("no name of a bucket"));
        }
        let prefix = Location::parse(prefix.trim_matches('/')).map_err(|error| wrong(&error.to_string()))?;

        let mut settings = AmazonS3Builder::new().with_bucket_name(bucket).with_retry(RETRY);
        for (name, value) in variables {
            let name = name.as_ref();
            if name.starts_with("AWS_")
                && let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>()
                && key != AmazonS3ConfigKey::Bucket
            {
                settings = settings.with_config(key, value);
            }
        }
        let refused = |what: String| {
            Failure::new(
                "bucket-settings",
                format!("{address}: {what}"),
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT_URL where it is not Amazon's",
            )
        };
        // Without keys object_store would ask the address of a virtual machine's metadata, which on other machines nobody has.
        let known = |key| settings.get_config_value(&key).is_some();
        let keys = [
            AmazonS3ConfigKey::AccessKeyId,
            AmazonS3ConfigKey::WebIdentityTokenFile,
            AmazonS3ConfigKey::ContainerCredentialsRelativeUri,
            AmazonS3ConfigKey::ContainerCredentialsFullUri,
            AmazonS3ConfigKey::MetadataEndpoint,
        ];
        if !keys.into_iter().any(known) {
            return Err(refused("no key is set with which to ask for it".into()));
        }
        let set = |key| settings.get_config_value(&key).unwrap_or_default();
        let plain = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint]
            .into_iter()
            .any(|key| set(key).starts_with("http:"));
        if plain && set(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp)) != "true" {
            return Err(refused("the endpoint is without TLS; AWS_ALLOW_HTTP=true would allow that".into()));
        }
        let objects = settings
            .with_http_connector(Connector)
            .build()
            .map_err(|error| refused(super::error::innermost(&error)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(AT_ONCE)
            .thread_name("saoy-bucket")
            .enable_all()
            .build()
            .map_err(|source| StoreError::Io { path: address.into(), source })?;
        Ok(Self { address: address.trim_end_matches('/').to_owned(), prefix, objects, runtime })
    }

    /// Brings the bucket to the state of the database. `progress` is told how many files are done and how many there are.
    ///
    /// # Errors
    /// `log-empty`; `log-ahead` where the bucket's checkpoint is not one of this database's, naming both; `export-raced` where
    /// another export was quicker; `bucket-denied`, `no-bucket`, `bucket` where it cannot be read or written.
    pub fn export(&self, log: &LogDb, progress: &mut dyn FnMut(u64, u64)) -> Result<Exported, Failure> {
        projection::export(log, &mut Writing { place: self, under_way: JoinSet::new() }, progress)
    }

    fn location(&self, path: &str) -> Location {
        self.prefix.parts().chain(path.split('/').map(Into::into)).collect()
    }

    /// A file with the version that a condition names.
    fn get(&self, path: &str) -> Result<Option<(Vec<u8>, UpdateVersion)>, Failure> {
        let found = self.runtime.block_on(async {
            let found = self.objects.get(&self.location(path)).await?;
            let version =
                UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok((Vec::from(found.bytes().await?), version))
        });
        match found {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn lengths(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let objects = self.runtime.block_on(self.objects.list(Some(&self.prefix)).try_collect::<Vec<_>>());
        let objects = objects.map_err(|error| self.failed(error))?;
        let path = |location: &Location| {
            let parts: Vec<_> = location.prefix_match(&self.prefix)?.collect();
            Some(parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("/"))
        };
        Ok(objects.iter().filter_map(|object| Some((path(&object.location)?, object.size))).collect())
    }

    fn failed(&self, source: Error) -> Failure {
        StoreError::Bucket { address: self.address.clone(), source }.into()
    }
}

impl Place for LogBucket {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.get(path)?.map(|(bytes, _)| bytes))
    }

    fn list(&self) -> Result<Option<Vec<String>>, Failure> {
        Ok(Some(self.lengths()?.into_keys().collect()))
    }
}

/// An export at work on a bucket.
struct Writing<'b> {
    place: &'b LogBucket,
    under_way: JoinSet<Result<(), Error>>,
}

impl Writing<'_> {
    /// Begins a request, once fewer than [`AT_ONCE`] are under way.
    fn begin(
        &mut self,
        request: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) -> Result<(), Failure> {
        while self.under_way.len() >= AT_ONCE {
            self.wait()?;
        }
        self.under_way.spawn_on(request, self.place.runtime.handle());
        Ok(())
    }

    /// Waits for one request; `false` once there is none.
    fn wait(&mut self) -> Result<bool, Failure> {
        match self.place.runtime.block_on(self.under_way.join_next()) {
            None => Ok(false),
            Some(Ok(Ok(()))) => Ok(true),
            Some(Ok(Err(error))) => Err(self.place.failed(error)),
            Some(Err(error)) => Err(self.place.failed(error.into())),
        }
    }
}

impl Place for Writing<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.place.read(path)
    }
}

impl Target for Writing<'_> {
    fn name(&self) -> String {
        self.place.address.clone()
    }

    fn lengths(&self) -> Result<BTreeMap<String, u64>, Failure> {
        self.place.lengths()
    }

    fn put(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        let (objects, at) = (self.place.objects.clone(), self.place.location(path));
        let options = PutOptions { attributes: attributes(path), ..PutOptions::default() };
        self.begin(async move { objects.put_opts(&at, bytes.into(), options).await.map(|_| ()) })
    }

    fn settle(&mut self) -> Result<(), Failure> {
        while self.wait()? {}
        Ok(())
    }

    fn swap(&mut self, path: &str, old: Option<&[u8]>, new: &[u8]) -> Result<(), Failure> {
        let raced = || {
            Failure::new(
                "export-raced",
                format!("{}/{path} was changed by another export meanwhile", self.place.address),
                "let one export at a time write there, then run again",
            )
        };
        let found = self.place.get(path)?;
        if found.as_ref().map(|(bytes, _)| bytes.as_slice()) != old {
            return Err(raced());
        }
        let mode = found.map_or(PutMode::Create, |(_, version)| PutMode::Update(version));
        let at = self.place.location(path);
        let put = |mode| {
            let options = PutOptions { mode, attributes: attributes(path), ..PutOptions::default() };
            let put = self.place.objects.put_opts(&at, new.to_vec().into(), options);
            self.place.runtime.block_on(put)
        };
        match put(mode) {
            Ok(_) => Ok(()),
            // `AWS_CONDITIONAL_PUT=disabled`: whoever set it answers for one export at a time.
            Err(Error::NotImplemented { .. }) => {
                put(PutMode::Overwrite).map(|_| ()).map_err(|error| self.place.failed(error))
            }
            // An answer that got lost is asked for again, and then meets what it wrote itself.
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
                if self.place.read(path)?.as_deref() == Some(new) { Ok(()) } else { Err(raced()) }
            }
            Err(error) => Err(self.place.failed(error)),
        }
    }

    fn remove(&mut self, path: &str) -> Result<(), Failure> {
        let (objects, at) = (self.place.objects.clone(), self.place.location(path));
        self.begin(async move {
            match objects.delete(&at).await {
                Err(error) if !matches!(error, Error::NotFound { .. }) => Err(error),
                _ => Ok(()),
            }
        })
    }
}

fn attributes(path: &str) -> Attributes {
    let (kind, caching) = projection::headers(path);
    [(Attribute::ContentType, kind), (Attribute::CacheControl, caching)].into_iter().collect()
}

//! The `portward` command as a shell sees it: every test runs real processes in a directory of its own.

#[cfg(test)]
#[cfg(feature = "aws-kms-tests")]
mod aws;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod disaster;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod home;
#[cfg(test)]
mod keyring;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod output;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod registry_postgres;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod store;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod studio;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod views;
#[cfg(test)]
#[cfg(feature = "softhsm-tests")]
mod wrapped;

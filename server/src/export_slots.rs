//! Slots of files that are sent while they are read: a limit on how many there are at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{errors::ApiError, ids::UserId};

/// Maximum files that are sent to one user at once.
const MAX_FILES_PER_USER: usize = 4;
/// Maximum files that are sent at once. Each has some megabytes in memory, and reads the database as fast as its client does.
const MAX_FILES: usize = 16;
/// Seconds after which a client may try again.
const RETRY_AFTER_SECONDS: u32 = 10;

/// The number of files that are being sent to each user. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct ExportSlots(Arc<Mutex<HashMap<UserId, usize>>>);

/// A slot for one file, which is free again on drop.
pub(crate) struct ExportSlot {
    slots: ExportSlots,
    user: UserId,
}

impl ExportSlots {
    /// Takes a slot for a file of `user`.
    ///
    /// # Errors
    /// Too many files are being sent, to this user or to all.
    pub(crate) fn take(&self, user: UserId) -> Result<ExportSlot, ApiError> {
        let mut files = self.lock();
        let of_user = files.get(&user).copied().unwrap_or(0);
        if of_user >= MAX_FILES_PER_USER || files.values().sum::<usize>() >= MAX_FILES {
            return Err(ApiError::RateLimited { retry_after_seconds: RETRY_AFTER_SECONDS });
        }
        files.insert(user, of_user + 1);
        Ok(ExportSlot { slots: self.clone(), user })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ExportSlot {
    fn drop(&mut self) {
        let mut files = self.slots.lock();
        let rest = files.remove(&self.user).unwrap_or(0).saturating_sub(1);
        if rest > 0 {
            files.insert(self.user, rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_some_files_at_once_and_so_have_all_together() {
        let slots = ExportSlots::default();
        let user = |number: u128| UserId::new(uuid::Uuid::from_u128(number));
        let mut taken: Vec<ExportSlot> = (0..MAX_FILES_PER_USER).map(|_| slots.take(user(1)).unwrap()).collect();
        assert!(matches!(slots.take(user(1)), Err(ApiError::RateLimited { .. })));
        taken.pop();
        taken.push(slots.take(user(1)).unwrap());
        for number in 2.. {
            match slots.take(user(number)) {
                Ok(slot) => taken.push(slot),
                Err(_) => break,
            }
        }
        assert_eq!(taken.len(), MAX_FILES);
        taken.clear();
        assert!(slots.lock().is_empty());
        assert!(slots.take(user(1)).is_ok());
    }
}

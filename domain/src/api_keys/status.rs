crate::choices! {
    /// The status of a key.
    Status, "status" {
        Active = "active", "Active";
        /// Two secrets work: the new one, and the old one until its grace period ends.
        Rotating = "rotating", "Rotating";
        Expired = "expired", "Expired";
        Revoked = "revoked", "Revoked";
        /// Disabled because it leaked.
        Disabled = "disabled", "Disabled";
    }
}

impl Status {
    /// Whether keys of this status are accepted.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Rotating)
    }
}

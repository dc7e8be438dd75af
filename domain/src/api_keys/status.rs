crate::choices! {
    /// What has become of a key.
    Status, "status" {
        Active = "active", "Active";
        /// Two secrets work: the new one, and the old one until its grace period ends.
        Rotating = "rotating", "Rotating";
        Expired = "expired", "Expired";
        Revoked = "revoked", "Revoked";
        /// Stopped because it leaked.
        Disabled = "disabled", "Disabled";
    }
}

impl Status {
    /// Whether such a key lets its bearer in.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Rotating)
    }
}

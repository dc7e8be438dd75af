crate::choices! {
    /// The level of a key: the areas of the API it can be used for.
    Level, "level" {
        /// Usage monitoring only.
        Read = "read", "Read";
        /// API inference.
        Standard = "standard", "Standard";
        /// The management API too.
        Admin = "admin", "Admin";
    }
}

impl Level {
    /// The level's name in a secret.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Standard => "std",
            Self::Admin => "admin",
        }
    }

    /// Whether a key of this level belongs to a project.
    pub const fn needs_project(self) -> bool {
        !matches!(self, Self::Admin)
    }

    /// Whether a key of this level may call models through the gateway.
    pub const fn may_call_models(self) -> bool {
        !matches!(self, Self::Read)
    }
}

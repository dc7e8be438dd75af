//! Enums whose variants have names.

/// Defines an enum whose variants have a name, used by addresses, the API and the database, and a label for
/// people. Further derives may stand before its name.
#[macro_export]
macro_rules! choices {
    ($(#[$attribute:meta])* $name:ident, $noun:literal { $($(#[$variant_attribute:meta])* $variant:ident = $text:literal, $label:literal;)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name { $($(#[$variant_attribute])* $variant,)* }

        impl $name {
            /// All variants, in the order of their definition.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant,)*];

            /// The variant's name in addresses, the API and the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The label shown to people.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.into_iter().find(|choice| choice.name() == text).ok_or_else(|| {
                    let names = Self::ALL.map(Self::name).join(", ");
                    format!("{text:?} isn't a valid {}. Use one of {names}.", $noun)
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    #![expect(unreachable_pub, reason = "the macro's items are public elsewhere")]

    choices! {
        /// A kind of fruit.
        #[derive(Default)]
        Fruit, "fruit" {
            #[default]
            Apple = "apple", "An apple";
            RedCurrant = "currants.red", "Red currants";
        }
    }

    #[test]
    fn a_choice_is_read_by_its_name() {
        assert_eq!(Fruit::default(), Fruit::Apple);
        for fruit in Fruit::ALL {
            assert_eq!(fruit.to_string().parse(), Ok(fruit));
            let json = serde_json::to_string(&fruit).unwrap();
            assert_eq!(json, format!("\"{}\"", fruit.name()));
            assert_eq!(serde_json::from_str::<Fruit>(&json).unwrap(), fruit);
        }
        assert_eq!(Fruit::RedCurrant.label(), "Red currants");
        assert_eq!(
            "plum".parse::<Fruit>(),
            Err("\"plum\" isn't a valid fruit. Use one of apple, currants.red.".to_owned())
        );
        assert!(serde_json::from_str::<Fruit>("\"RedCurrant\"").is_err());
    }
}

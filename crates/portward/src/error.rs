//! What every error of this crate has: a stable code, an audience, one fixed sentence, no input bytes.

use core::fmt;

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The input is bad: refuse the request.
    Input,
    /// The calling code or its configuration is wrong: fix it.
    Caller,
    /// The surroundings failed: try again, or call an operator.
    Environment,
}

/// What may be told to whoever presented a token; both have the same status and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublicAnswer {
    /// The text is not a whole token: a link cut or changed on its way. Anybody can compute this from the text.
    Damaged,
    /// Everything else.
    Refused,
}

impl fmt::Display for PublicAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "damaged",
            Self::Refused => "refused",
        })
    }
}

/// Declares an error enum whose variants are `Name => "code", Audience, "sentence";`.
///
/// The sentence becomes the variant's documentation and its `Display`; `code()`, `audience()` and `ALL` come with it.
macro_rules! error_codes {
    ($(#[$meta:meta])* pub enum $name:ident { $($variant:ident => $code:literal, $audience:ident, $text:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = $text] $variant,)+
        }

        impl $name {
            /// Every variant, for tables and parity tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code, the same in every language.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// Who has to act.
            pub const fn audience(self) -> $crate::Audience {
                match self {
                    $(Self::$variant => $crate::Audience::$audience,)+
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)+
                })
            }
        }

        impl core::error::Error for $name {}
    };
}

pub(crate) use error_codes;

//! Texts of the catalogues in `locales/`: asked for by id, with what is put into them, and worded in a reader's language. What is
//! put in is escaped here, and nowhere else.

use std::{borrow::Cow, fmt::Display, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

use crate::domain::{
    account::{AccountName, XUsername},
    client::ClientName,
    credentials::Field,
};

type Catalogue = FluentBundle<FluentResource>;

/// The languages there are, each with the folder of its catalogue.
macro_rules! languages {
    ($($(#[$attribute:meta])* $language:ident = $code:literal),+ $(,)?) => {
        names! {
            /// A language in which the bot speaks.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub(crate) enum Language {
                $(#[doc = $code] $(#[$attribute])* $language = $code),+
            }
        }

        /// The files of each.
        const FILES: [[&str; 6]; Language::ALL.len()] = [$([
            include_str!(concat!("../../locales/", $code, "/buttons.ftl")),
            include_str!(concat!("../../locales/", $code, "/cards.ftl")),
            include_str!(concat!("../../locales/", $code, "/menu.ftl")),
            include_str!(concat!("../../locales/", $code, "/notices.ftl")),
            include_str!(concat!("../../locales/", $code, "/pages.ftl")),
            include_str!(concat!("../../locales/", $code, "/verdicts.ftl")),
        ]),+];
    };
}

languages! {
    #[default]
    English = "en",
    Spanish = "es",
}

impl Language {
    /// The one that Telegram's code (`es`, `es-MX`) names, if there is one.
    pub(crate) fn guess(code: &str) -> Option<Self> {
        code.split('-').next()?.parse().ok()
    }

    /// What it calls itself.
    pub(super) fn name(self) -> Text {
        Text::Words(look_up("language-name", &FluentArgs::new(), self))
    }
}

static CATALOGUES: LazyLock<Vec<Catalogue>> = LazyLock::new(|| {
    let languages = Language::ALL.into_iter().zip(FILES);
    languages
        .map(|(language, files)| read(language, files))
        .collect()
});

fn read(language: Language, files: [&str; 6]) -> Catalogue {
    let locale = language.as_str().parse().unwrap_or_default();
    let mut catalogue = Catalogue::new_concurrent(vec![locale]);
    // The marks would be copied together with names and addresses.
    catalogue.set_use_isolating(false);
    for file in files {
        // A test reads every file; what is wrong in one does not take the rest away.
        let resource = FluentResource::try_new(file.to_owned());
        let resource = resource.unwrap_or_else(|(readable, _)| readable);
        catalogue.add_resource_overriding(resource);
    }
    catalogue
}

/// Something to be worded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Somebody's own words, or a name that is the same in every language.
    Words(String),
    /// How many.
    Number(i64),
    /// An entry of the catalogue, or an attribute of one (`id.attribute`), with what is put into it.
    Entry(Cow<'static, str>, Vec<(&'static str, Self)>),
    /// Several, one after the other.
    Joined(Vec<Self>, Join),
}

/// What stands between several texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// A line break.
    Lines,
    /// An empty line.
    Paragraphs,
    /// A space.
    Sentences,
    /// A dot.
    Facts,
    /// Commas, and the language's "and" before the last.
    And,
}

/// What a text is worded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Telegram's HTML: what is put in is escaped.
    Html,
    /// A label or a short answer to a tap.
    Plain,
}

/// An entry of the catalogue with what is put into it. `tests/catalogues.rs` looks for each of these in every catalogue.
macro_rules! text {
    ($id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::messages::Text::entry($id)$(.with(stringify!($name), $value))*
    };
}

impl Text {
    /// An entry whose id is known only when the bot runs. Otherwise `text!` is checked.
    pub(crate) fn entry(id: impl Into<Cow<'static, str>>) -> Self {
        Self::Entry(id.into(), Vec::new())
    }

    /// The same with something put into it.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Self>) -> Self {
        if let Self::Entry(_, put_in) = &mut self {
            put_in.push((name, value.into()));
        }
        self
    }

    /// Several texts as one.
    pub(crate) fn joined(parts: impl IntoIterator<Item = Self>, join: Join) -> Self {
        Self::Joined(parts.into_iter().collect(), join)
    }

    /// In words. An id that no catalogue has stands for itself.
    pub(crate) fn word(&self, language: Language, form: Form) -> String {
        match self {
            Self::Words(words) if form == Form::Html => escape(words),
            Self::Words(words) => words.clone(),
            Self::Number(number) => number.to_string(),
            Self::Entry(id, put_in) => entry(id, put_in, language, form),
            Self::Joined(parts, join) => {
                let parts: Vec<String> =
                    parts.iter().map(|part| part.word(language, form)).collect();
                match (join, parts.split_last()) {
                    (Join::Lines, _) => parts.join("\n"),
                    (Join::Paragraphs, _) => parts.join("\n\n"),
                    (Join::Sentences, _) => parts.join(" "),
                    (Join::Facts, _) => parts.join(" · "),
                    (Join::And, Some((last, rest))) if !rest.is_empty() => {
                        let put_in = [
                            ("first", FluentValue::from(rest.join(", "))),
                            ("last", FluentValue::from(last.as_str())),
                        ];
                        look_up("list-and", &put_in.into_iter().collect(), language)
                    }
                    (Join::And, _) => parts.concat(),
                }
            }
        }
    }
}

fn catalogue(language: Language) -> Option<&'static Catalogue> {
    #[cfg(test)]
    if pseudo::ON.get() {
        return Some(&pseudo::CATALOGUE);
    }
    CATALOGUES.get(language as usize)
}

fn entry(id: &str, put_in: &[(&'static str, Text)], language: Language, form: Form) -> String {
    let put_in = put_in.iter().map(|(name, value)| {
        let value = match value {
            Text::Number(number) => FluentValue::from(*number),
            value => FluentValue::from(value.word(language, form)),
        };
        (*name, value)
    });
    look_up(id, &put_in.collect(), language)
}

fn look_up(id: &str, put_in: &FluentArgs<'_>, language: Language) -> String {
    let (message, attribute) = id.split_once('.').unwrap_or((id, ""));
    let found = catalogue(language).and_then(|catalogue| {
        let message = catalogue.get_message(message)?;
        let pattern = match attribute {
            "" => message.value()?,
            attribute => message.get_attribute(attribute)?.value(),
        };
        let mut missing = Vec::new();
        let worded = catalogue.format_pattern(pattern, Some(put_in), &mut missing);
        debug_assert!(missing.is_empty(), "{id}: {missing:?}");
        Some(worded.into_owned())
    });
    debug_assert!(found.is_some(), "no catalogue has {id}");
    found.unwrap_or_else(|| id.to_owned())
}

/// Makes a text safe inside Telegram's HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

impl<T: Into<Self>> From<Option<T>> for Text {
    /// An entry chooses other words for `none`.
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::from("none"), Into::into)
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for Text {
            fn from(number: $number) -> Self {
                i64::try_from(number).map_or_else(|_| Self::Words(number.to_string()), Self::Number)
            }
        })+
    };
}

numbers!(i64, u64, u32, u16, usize);

/// Names and numbers that are the same in every language.
pub(super) fn words(name: impl Display) -> Text {
    Text::Words(name.to_string())
}

macro_rules! names_in_all_languages {
    ($($name:ty),+) => {
        $(impl From<&$name> for Text {
            fn from(name: &$name) -> Self {
                words(name)
            }
        })+
    };
}

names_in_all_languages!(str, AccountName, XUsername, ClientName);

impl From<Field> for Text {
    fn from(field: Field) -> Self {
        Self::from(field.label())
    }
}

#[cfg(test)]
pub(super) mod pseudo {
    //! English as nobody writes it: whatever does not read so does not come from a catalogue.

    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// Whether this thread's texts are worded so.
        pub(in crate::messages) static ON: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        let mut catalogue = read(Language::English, FILES[Language::English as usize]);
        catalogue.set_transform(Some(strange));
        catalogue
    });

    /// With accents, in brackets, and 40 % longer. Tags and character references stay.
    fn strange(text: &str) -> Cow<'_, str> {
        if !text.contains(char::is_alphabetic) {
            return text.into();
        }
        let (mut inside, mut letters) = (false, 0);
        let mut strange = String::from("⟦");
        for c in text.chars() {
            inside = (inside || matches!(c, '<' | '&')) && !matches!(c, '>' | ';' | ' ');
            let vowel = if inside { None } else { "aeiouAEIOU".find(c) };
            letters += usize::from(!inside);
            match vowel.and_then(|at| "áéíóúÁÉÍÓÚ".chars().nth(at)) {
                Some(accented) => strange.push(accented),
                None => strange.push(c),
            }
        }
        strange.extend(std::iter::repeat_n('~', letters * 2 / 5));
        strange.push('⟧');
        strange.into()
    }
}

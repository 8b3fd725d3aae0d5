//! Invite codes of groups, as people copy them.

use super::params::Params;
use crate::api::Error;

/// The host of a link to a group.
const HOST: &str = "chat.whatsapp.com";

/// Reads an invite code, alone or in its link: with or without the scheme, with a query behind it.
pub(super) fn code(params: &Params) -> Result<String, Error> {
    let text = params.text("code")?.trim();
    let wrong = |what| Err(params.wrong("code", what));
    let code = match in_link(text) {
        Some(code) => code,
        None if text.contains("://") => return wrong("is a link, but none to a group of WhatsApp"),
        None => text,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match code.len() {
        0 => wrong("holds no invite code"),
        1..=128 if code.bytes().all(fits) => Ok(code.to_owned()),
        _ => wrong("is neither an invite code nor a link with one"),
    }
}

/// The code in a link to a group, up to a query or whatever else follows.
fn in_link(text: &str) -> Option<&str> {
    let after = |text: &'_ str, prefix: &str| {
        let start = text.get(..prefix.len())?;
        start.eq_ignore_ascii_case(prefix).then_some(prefix.len())
    };
    let mut rest = text;
    for scheme in ["https://", "http://"] {
        rest = after(rest, scheme).and_then(|length| rest.get(length..)).unwrap_or(rest);
    }
    rest = after(rest, "www.").and_then(|length| rest.get(length..)).unwrap_or(rest);
    let app = after(text, "whatsapp://chat?code=").and_then(|length| text.get(length..));
    let path = after(rest, HOST).and_then(|length| rest.get(length..));
    // Another host may begin with the same letters.
    let web = path.filter(|path| path.is_empty() || path.starts_with(['/', '?', '#'])).map(|path| {
        let path = path.trim_start_matches('/');
        after(path, "invite/").and_then(|length| path.get(length..)).unwrap_or(path)
    });
    web.or(app)?.split(['?', '/', '#', '&']).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Status;
    use serde_json::{Map, json};

    fn read(text: &str) -> Result<String, Error> {
        let mut map = Map::new();
        map.insert("code".to_owned(), json!(text));
        code(&Params::new("group.join", map))
    }

    #[test]
    fn an_invite_code_is_found_however_it_was_copied() {
        for text in [
            "Abc-123_x",
            "  Abc-123_x\n",
            "https://chat.whatsapp.com/Abc-123_x",
            "http://chat.whatsapp.com/Abc-123_x",
            "HTTPS://Chat.WhatsApp.com/Abc-123_x",
            "https://www.chat.whatsapp.com/Abc-123_x",
            "chat.whatsapp.com/Abc-123_x",
            "chat.whatsapp.com/invite/Abc-123_x",
            "https://chat.whatsapp.com/Abc-123_x?mode=ems_copy_c",
            "https://chat.whatsapp.com/Abc-123_x/",
            "https://chat.whatsapp.com/Abc-123_x#top",
            "whatsapp://chat?code=Abc-123_x",
            "whatsapp://chat?code=Abc-123_x&from=mail",
        ] {
            assert_eq!(read(text).as_deref(), Ok("Abc-123_x"), "{text}");
        }
    }

    #[test]
    fn what_is_no_invite_code_is_refused_with_its_reason() {
        for (text, words) in [
            ("", "holds no invite code"),
            ("https://chat.whatsapp.com/", "holds no invite code"),
            ("https://chat.whatsapp.com", "holds no invite code"),
            ("https://wa.me/15551234567", "none to a group"),
            ("https://chat.whatsapp.example/Abc", "none to a group"),
            ("https://chat.whatsapp.community/Abc", "none to a group"),
            ("https://chat.whatsapp.com.example/Abc", "none to a group"),
            ("chat.whatsapp.com.example/Abc", "neither an invite code"),
            ("two words", "neither an invite code"),
            ("\u{e4}bc", "neither an invite code"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(
                (error.status, error.key.as_deref()),
                (Status::INVALID_PARAMETER, Some("code")),
                "{text}"
            );
            assert!(error.text.contains(words), "{text}: {error}");
        }
    }
}

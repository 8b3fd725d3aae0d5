//! The kind of client that this device presents.
//!
//! Three names for one thing that must fit together: the platform number in the device properties, the one-character
//! client type of a QR text or code request, and the display text of a code request. The server checks the display text
//! (anything that is not a known browser with a known operating system in brackets is answered 400), so it is always
//! built from closed sets here; a product's own name belongs into the device properties.
//!
//! Main type: [`Platform`].

/// The platform of a companion, as in the device properties (`DeviceProps.PlatformType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i32)]
#[expect(missing_docs, reason = "the names are the protocol's own and say it all")]
pub enum Platform {
    Unknown = 0,
    #[default]
    Chrome = 1,
    Firefox = 2,
    Ie = 3,
    Opera = 4,
    Safari = 5,
    Edge = 6,
    Desktop = 7,
    Ipad = 8,
    AndroidTablet = 9,
    Ohana = 10,
    Aloha = 11,
    Catalina = 12,
    TclTv = 13,
    IosPhone = 14,
    IosCatalyst = 15,
    AndroidPhone = 16,
    AndroidAmbiguous = 17,
    WearOs = 18,
    ArWrist = 19,
    ArDevice = 20,
    Uwp = 21,
    Vr = 22,
    CloudApi = 23,
    SmartGlasses = 24,
}

use Platform as P;

/// Every platform with its protocol name.
const NAMES: &[(Platform, &str)] = &[
    (P::Unknown, "UNKNOWN"),
    (P::Chrome, "CHROME"),
    (P::Firefox, "FIREFOX"),
    (P::Ie, "IE"),
    (P::Opera, "OPERA"),
    (P::Safari, "SAFARI"),
    (P::Edge, "EDGE"),
    (P::Desktop, "DESKTOP"),
    (P::Ipad, "IPAD"),
    (P::AndroidTablet, "ANDROID_TABLET"),
    (P::Ohana, "OHANA"),
    (P::Aloha, "ALOHA"),
    (P::Catalina, "CATALINA"),
    (P::TclTv, "TCL_TV"),
    (P::IosPhone, "IOS_PHONE"),
    (P::IosCatalyst, "IOS_CATALYST"),
    (P::AndroidPhone, "ANDROID_PHONE"),
    (P::AndroidAmbiguous, "ANDROID_AMBIGUOUS"),
    (P::WearOs, "WEAR_OS"),
    (P::ArWrist, "AR_WRIST"),
    (P::ArDevice, "AR_DEVICE"),
    (P::Uwp, "UWP"),
    (P::Vr, "VR"),
    (P::CloudApi, "CLOUD_API"),
    (P::SmartGlasses, "SMARTGLASSES"),
];

impl Platform {
    /// The platform of that protocol name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(platform, _)| *platform)
    }

    /// The protocol name, such as `CHROME`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(platform, _)| *platform == self).map_or("UNKNOWN", |(_, name)| name)
    }

    /// The number in the device properties.
    pub fn number(self) -> i32 {
        self as i32
    }

    /// The client type of a QR text and of a code request. These are not the platform numbers (Edge is `2` here and 6
    /// there). The codes of Android clients need device attestation, so those platforms travel as Chrome.
    pub fn client_type(self) -> char {
        match self {
            P::Chrome | P::AndroidTablet | P::AndroidPhone | P::AndroidAmbiguous => '1',
            P::Edge => '2',
            P::Firefox => '3',
            P::Ie => '4',
            P::Opera => '5',
            P::Safari => '6',
            P::Desktop => '7',
            P::Uwp => '8',
            _ => '9',
        }
    }

    /// The browser named in the display text.
    fn browser(self) -> &'static str {
        match self {
            P::Edge => "Edge",
            P::Firefox => "Firefox",
            P::Ie => "IE",
            P::Opera => "Opera",
            P::Safari => "Safari",
            _ => "Chrome",
        }
    }

    /// The display text of a code request, always one that the server takes, whatever the hint says.
    pub fn display(self, os_hint: &str) -> String {
        format!("{} ({})", self.browser(), operating_system(os_hint))
    }
}

/// Maps free text to one of the operating systems that the server knows, in its spelling.
pub fn operating_system(hint: &str) -> &'static str {
    let hint = hint.to_ascii_lowercase();
    let has = |part: &str| hint.contains(part);
    // "Darwin" contains "win", so only the full word counts; "ios" must be a word of its own ("Kaios" is none).
    if has("windows") {
        "Windows"
    } else if has("mac") || has("osx") || has("darwin") {
        "Mac OS"
    } else if has("ipad") || has("iphone") || hint.split(|c: char| !c.is_alphanumeric()).any(|w| w == "ios") {
        "iOS"
    } else if has("android") {
        "Android"
    } else {
        "Linux"
    }
}

/// Returns whether the server takes a display text: one of the browsers, one of the operating systems, exact spelling. For
/// simulated servers, which refuse what production refuses.
pub fn display_is_accepted(display: &str) -> bool {
    const BROWSERS: &[&str] = &["Chrome", "Edge", "Firefox", "IE", "Opera", "Safari", "Android"];
    const SYSTEMS: &[&str] =
        &["Windows", "Mac OS", "Linux", "Ubuntu", "Android", "iOS", "Fedora", "Debian", "Chrome OS"];
    let Some((browser, rest)) = display.split_once(" (") else { return false };
    let Some(system) = rest.strip_suffix(')') else { return false };
    BROWSERS.contains(&browser) && SYSTEMS.contains(&system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairing::test_vectors::{list, text, vectors};

    #[test]
    fn the_server_takes_browsers_with_an_operating_system() {
        for good in ["Chrome (Windows)", "Chrome (Mac OS)", "Edge (Windows)", "Android (Android)"] {
            assert!(display_is_accepted(good), "{good}");
        }
        for bad in
            ["", "Chrome", "Chrome ()", "Chrome (Acme)", "Acme (Linux)", "chrome (linux)", "Chrome (Linux) "]
        {
            assert!(!display_is_accepted(bad), "{bad}");
        }
    }

    #[test]
    fn vectors_companion_platform() {
        for case in list(&vectors()["companion_platform"], "cases") {
            let platform = Platform::from_name(text(case, "platform_type_text")).unwrap();
            assert_eq!(platform.client_type().to_string(), text(case, "id_text"), "{platform:?}");
            assert_eq!(platform.display(text(case, "os_hint_text")), text(case, "display_text"));
        }
    }

    #[test]
    fn every_display_is_one_the_server_takes() {
        for (platform, name) in NAMES {
            for hint in
                ["", "Windows 11", "My Product", "Darwin", "iOS 26", "KaiOS", "Android 15", "Ubuntu (x)"]
            {
                let display = platform.display(hint);
                assert!(display_is_accepted(&display), "{display}");
            }
            assert_eq!(platform.name(), *name);
            assert_eq!(Platform::from_name(&name.to_lowercase()), Some(*platform));
            assert_ne!(platform.client_type(), '0', "refused by the server");
        }
    }

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        for (index, (platform, _)) in NAMES.iter().enumerate() {
            assert_eq!(platform.number() as usize, index);
        }
    }

    #[test]
    fn displays_that_production_refuses_are_refused() {
        for display in
            ["Chrome (Acme)", "Acme (Linux)", "", "Chrome ()", "chrome (linux)", "Chrome", "Chrome (Linux"]
        {
            assert!(!display_is_accepted(display), "{display}");
        }
        for display in ["Chrome (Windows)", "Chrome (Ubuntu)", "Firefox (Windows)", "Edge (Windows)"] {
            assert!(display_is_accepted(display), "{display}");
        }
    }
}

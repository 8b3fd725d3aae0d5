//! The properties of this device: those shown to the server, under "Linked devices" on the phone, and in a request for a code.

use crate::api::Config;
use crate::noise::client_payload::{AppVersion, DeviceDescription};
use crate::pairing::platform::{Platform, operating_system};
use crate::proto::companion::device_props::PlatformType;

/// Makes the description of this device that the handshake carries. The product's name goes here and nowhere else, and only if the host has set one: WhatsApp sees
/// it, and a name that only one library has would mark its users.
pub(crate) fn description(config: &Config, version: AppVersion) -> DeviceDescription {
    let kind = match platform(config) {
        Platform::Edge => PlatformType::Edge,
        Platform::Firefox => PlatformType::Firefox,
        Platform::Opera => PlatformType::Opera,
        Platform::Safari => PlatformType::Safari,
        Platform::Desktop => PlatformType::Desktop,
        _ => PlatformType::Chrome,
    };
    let name = match config.device_name() {
        "" => operating_system(os(config)),
        named => named,
    };
    DeviceDescription { version, ..DeviceDescription::browser(name, kind) }
}

/// The kind of client we say we are.
pub(crate) fn platform(config: &Config) -> Platform {
    Platform::from_name(config.device_platform()).unwrap_or_default()
}

/// The operating system named in a request for a code: the configured one, or that of this build.
pub(crate) fn os(config: &Config) -> &str {
    match config.device_os() {
        "auto" => std::env::consts::OS,
        named => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_a_name_is_named_after_its_operating_system() {
        let shown = |os: &str, name: &str| {
            let mut config = Config::new();
            config.set("device.os", os).unwrap();
            config.set("device.name", name).unwrap();
            description(&config, AppVersion::BUILT_IN).props.os.unwrap()
        };
        for (os, expected) in [
            ("windows", "Windows"),
            ("macos", "Mac OS"),
            ("linux", "Linux"),
            ("android", "Android"),
            ("ios", "iOS"),
            ("auto", operating_system(std::env::consts::OS)),
        ] {
            assert_eq!(shown(os, ""), expected);
            assert_eq!(shown(os, "Acme RecordCache"), "Acme RecordCache");
        }
    }
}

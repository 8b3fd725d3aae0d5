//! How this device presents itself: to the server, under "Linked devices" on the phone, and in a request for a code.

use crate::api::Config;
use crate::noise::client_payload::{AppVersion, DeviceDescription};
use crate::pairing::platform::Platform;
use crate::proto::companion::device_props::PlatformType;

/// What the handshake says about us. The product's name goes here and nowhere else.
pub(crate) fn description(config: &Config, version: AppVersion) -> DeviceDescription {
    let kind = match platform(config) {
        Platform::Edge => PlatformType::Edge,
        Platform::Firefox => PlatformType::Firefox,
        Platform::Opera => PlatformType::Opera,
        Platform::Safari => PlatformType::Safari,
        Platform::Desktop => PlatformType::Desktop,
        _ => PlatformType::Chrome,
    };
    DeviceDescription { version, ..DeviceDescription::browser(config.device_name(), kind) }
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

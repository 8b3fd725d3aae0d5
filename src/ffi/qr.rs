//! Draws QR codes, for wa_event_qr_image.

use qrcode::render::{svg, unicode};
use qrcode::{Color, EcLevel, QrCode};

/// The format of a drawn QR code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Text,
    Svg,
    Png,
}

impl Format {
    pub(super) fn find(name: &str) -> Option<Format> {
        [Format::Text, Format::Svg, Format::Png].into_iter().find(|format| format.word() == name)
    }

    const fn word(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Svg => "svg",
            Format::Png => "png",
        }
    }

    /// The name under which the image is kept with its event.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Format::Text => "image.text",
            Format::Svg => "image.svg",
            Format::Png => "image.png",
        }
    }
}

/// Modules of quiet margin on each side.
const MARGIN: usize = 4;

/// Pixels for one module of a PNG: large enough for a phone to scan from a screen.
const SCALE: usize = 8;

/// The image; empty when the text is too long for any QR code.
pub(super) fn draw(payload: &str, format: Format) -> Vec<u8> {
    // The lowest correction level keeps the code small, as WhatsApp's own web client does; a screen has no dirt to correct.
    let Ok(code) = QrCode::with_error_correction_level(payload, EcLevel::L) else {
        return Vec::new();
    };
    match format {
        Format::Text => code
            .render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build()
            .into_bytes(),
        Format::Svg => code.render::<svg::Color<'_>>().min_dimensions(256, 256).build().into_bytes(),
        Format::Png => png(&code).unwrap_or_default(),
    }
}

fn png(code: &QrCode) -> Option<Vec<u8>> {
    let modules = code.to_colors();
    let width = code.width();
    let side = (width + 2 * MARGIN) * SCALE;
    let light = |x: usize, y: usize| {
        let at = |pixel: usize| (pixel / SCALE).checked_sub(MARGIN).filter(|module| *module < width);
        match (at(x), at(y)) {
            (Some(x), Some(y)) => modules.get(y * width + x) != Some(&Color::Dark),
            _ => true,
        }
    };
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for start in (0..side).step_by(8) {
            let bits = (start..start + 8).map(|x| u8::from(x >= side || light(x, y)));
            pixels.push(bits.fold(0, |byte, bit| (byte << 1) | bit));
        }
    }
    let mut image = Vec::new();
    let side = u32::try_from(side).ok()?;
    let mut encoder = png::Encoder::new(&mut image, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header().ok()?.write_image_data(&pixels).ok()?;
    Some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_draws_the_same_code() {
        let payload = "https://wa.me/settings/linked_devices#2@abcdefgh,ijklmnop,qrstuvwx,yz012345,1";
        let code = QrCode::with_error_correction_level(payload, EcLevel::L).unwrap();
        let width = code.width();

        let text = String::from_utf8(draw(payload, Format::Text)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), (width + 2 * MARGIN).div_ceil(2));
        assert!(lines.iter().all(|line| line.chars().count() == width + 2 * MARGIN));
        assert!(lines[0].chars().all(|c| c == '█'), "the margin is light, drawn as full blocks");

        let svg = String::from_utf8(draw(payload, Format::Svg)).unwrap();
        assert!(svg.starts_with("<?xml") && svg.contains("</svg>"));

        let image = draw(payload, Format::Png);
        let mut reader = png::Decoder::new(std::io::Cursor::new(&image)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width as usize, (width + 2 * MARGIN) * SCALE);
        for (index, color) in code.to_colors().iter().enumerate() {
            let (x, y) = ((index % width + MARGIN) * SCALE, (index / width + MARGIN) * SCALE);
            let bit = pixels[y * info.line_size + x / 8] >> (7 - x % 8) & 1;
            assert_eq!(bit == 0, *color == Color::Dark);
        }
    }

    #[test]
    fn what_is_too_long_gives_no_image() {
        assert!(draw(&"x".repeat(10_000), Format::Png).is_empty());
        assert_eq!(Format::find("jpeg"), None);
        assert_eq!(Format::find("png"), Some(Format::Png));
    }
}

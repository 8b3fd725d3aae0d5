use proptest::prelude::*;

use super::*;

#[test]
fn every_wire_type_is_read() {
    // 1: varint 300; 2: fixed64; 3: bytes; 4: a group with a group in it; 5: fixed32.
    let bytes = [
        0x08, 0xac, 0x02, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x1a, 2, b'h', b'i', 0x23, 0x0b, 0x0c, 0x08, 1,
        0x24, 0x2d, 0, 0, 0x80, 0x3f,
    ];
    let fields: Vec<Field<'_>> = Fields::checked(&bytes).unwrap().collect();
    assert_eq!(fields.iter().map(|field| field.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(fields[0].whole(), Some(300));
    assert_eq!(fields[1].float(), Some(1.0));
    assert_eq!(fields[2].text().as_deref(), Some("hi"));
    assert_eq!(fields[4].float(), Some(1.0));
    assert_eq!(fields[2].raw, [0x1a, 2, b'h', b'i']);
    assert_eq!(fields.iter().map(|field| field.raw.len()).sum::<usize>(), bytes.len());
    // A type that was not expected is no value.
    assert!(fields[0].bytes().is_none() && fields[2].whole().is_none() && fields[3].float().is_none());
}

#[test]
fn broken_bytes_are_told_from_the_end() {
    for bytes in [
        &[0x08][..],      // no value
        &[0x00, 0x00],    // field number 0
        &[0x0a, 0x05, 1], // shorter than it says
        &[0x0f],          // no such wire type
        &[0x0c],          // a group ends that did not begin
        &[0x0b, 0x08, 1], // a group that does not end
        &[0x09, 1, 2, 3], // half a fixed64
        &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0],
    ] {
        assert!(Fields::checked(bytes).is_err(), "{bytes:x?}");
        assert_eq!(Fields::of(bytes).count(), 0, "{bytes:x?}");
    }
    // Fields before the break can be read.
    let half = [0x08, 7, 0x0a, 9];
    assert_eq!(Fields::of(&half).next().and_then(|field| field.whole()), Some(7));
    assert_eq!(Fields::of(&half).count(), 1);
}

#[test]
fn groups_are_passed_over_however_deep() {
    let mut bytes = vec![0x0b; 100_000];
    bytes.resize(200_000, 0x0c);
    assert_eq!(Fields::checked(&bytes).unwrap().count(), 1);
}

#[test]
fn text_that_is_no_utf8_is_shown_as_far_as_it_is() {
    let field = Fields::of(&[0x0a, 3, b'a', 0xff, b'b']).next().unwrap();
    assert_eq!(field.text().as_deref(), Some("a\u{fffd}b"));
}

#[test]
fn a_part_is_found_in_its_whole() {
    let whole = [1_u8, 2, 3, 4];
    assert_eq!(place(&whole, &whole[1..3]), 1..3);
    assert_eq!(place(&whole, &whole[4..]), 4..4);
    assert_eq!(place(&whole[..2], &whole[1..4]), 0..0);
    assert_eq!(place(&whole, &[9, 9]), 0..0);
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let read: usize = Fields::of(&bytes).map(|field| field.raw.len()).sum();
        prop_assert!(read <= bytes.len());
        prop_assert_eq!(Fields::checked(&bytes).is_ok(), read == bytes.len());
    }

    #[test]
    fn what_is_put_is_read(number in 1_u32..1 << 29, content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = Vec::new();
        put(&mut bytes, number, &content);
        let field = Fields::checked(&bytes).unwrap().next().unwrap();
        prop_assert_eq!((field.number, field.bytes()), (number, Some(&content[..])));
    }
}

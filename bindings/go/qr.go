package libwa

// #include "glue.h"
import "C"

import "unsafe"

// Text draws the QR code as lines of block characters, for a terminal with a
// dark background.
func (e *PairingQR) Text() string {
	return string(e.draw("text"))
}

// SVG draws the QR code as a vector image.
func (e *PairingQR) SVG() string {
	return string(e.draw("svg"))
}

// PNG draws the QR code as a black and white image.
func (e *PairingQR) PNG() []byte {
	return e.draw("png")
}

func (e *PairingQR) draw(format string) []byte {
	name, err := toText("format", format)
	if err != nil || e.kept == nil {
		return nil
	}
	e.kept.mu.Lock()
	defer e.kept.mu.Unlock()
	var length C.size_t
	image := C.wa_event_qr_image(e.kept.handle, name, &length)
	if image == nil {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(image), C.int(length))
}

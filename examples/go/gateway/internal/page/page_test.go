package page

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"testing"
)

// swaggerUI has the sums of the files as the package swagger-ui-dist 5.35.0
// has them. For a newer one: npm pack swagger-ui-dist, gzip -9n, and LICENSE.txt
// of NOTICE, LICENSE and swagger-ui-bundle.js.LICENSE.txt.
var swaggerUI = map[string]string{
	"/docs/swagger-ui-bundle.js": "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2",
	"/docs/swagger-ui.css":       "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d",
}

// All files are there; those that are kept packed are unpacked for whoever does
// not take them so.
func TestFiles(t *testing.T) {
	for path, media := range Paths() {
		request, answer := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		Handler().ServeHTTP(answer, request)
		if answer.Code != 200 || answer.Body.Len() == 0 || media == "" || answer.Header().Get("Content-Type") != media {
			t.Errorf("%s: %d, %d bytes of %q", path, answer.Code, answer.Body.Len(), media)
		}
		sum := sha256.Sum256(answer.Body.Bytes())
		if wanted := swaggerUI[path]; wanted != "" && hex.EncodeToString(sum[:]) != wanted {
			t.Errorf("%s: another file than the package has", path)
		}
		request.Header.Set("Accept-Encoding", "br, gzip;q=0.8")
		packed := httptest.NewRecorder()
		Handler().ServeHTTP(packed, request)
		if is := packed.Header().Get("Content-Encoding") == "gzip"; is != (swaggerUI[path] != "") || is && packed.Body.Len() >= answer.Body.Len() {
			t.Errorf("%s: packed %v, %d bytes of %d", path, is, packed.Body.Len(), answer.Body.Len())
		}
	}
}

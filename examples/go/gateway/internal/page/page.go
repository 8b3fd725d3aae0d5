// Package page is what browsers see: the page on which a person links a phone,
// plain HTML, CSS and JavaScript, and the API's documentation, which Swagger UI
// makes of the OpenAPI document. All of it is part of the program.
package page

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed static swagger-ui
var files embed.FS

// policy lets the page load nothing but its own files, talk to nobody but
// this gateway, and be part of no other page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// docsPolicy is that of the documentation: Swagger UI's styles hold small
// pictures.
var docsPolicy = strings.Replace(policy, "img-src 'self' blob:", "img-src 'self' data:", 1)

var media = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// paths are where the files are served. Those of Swagger UI are kept packed.
var paths = map[string]string{
	"/": "static/index.html", "/app.js": "static/app.js", "/view.js": "static/view.js", "/style.css": "static/style.css", "/icon.svg": "static/icon.svg",
	"/docs": "static/docs.html", "/docs/docs.js": "static/docs.js", "/docs/docs.css": "static/docs.css",
	"/docs/swagger-ui.css": "swagger-ui/swagger-ui.css.gz", "/docs/swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js.gz",
	"/docs/LICENSE.txt": "swagger-ui/LICENSE.txt",
}

// Paths returns where the files are served, with their media types.
func Paths() map[string]string {
	all := map[string]string{}
	for at, name := range paths {
		all[at] = mediaOf(name)
	}
	return all
}

func mediaOf(name string) string { return media[path.Ext(strings.TrimSuffix(name, ".gz"))] }

// Handler serves the page and its files.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := paths[r.URL.Path]
		text, err := fs.ReadFile(files, name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		if strings.HasPrefix(r.URL.Path, "/docs") {
			h.Set("Content-Security-Policy", docsPolicy)
		}
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Type", mediaOf(name))
		if strings.HasSuffix(name, ".gz") {
			h.Set("Vary", "Accept-Encoding")
			if takesGzip(r) {
				h.Set("Content-Encoding", "gzip")
			} else if text, err = unpack(text); err != nil {
				http.Error(w, "the file cannot be unpacked", http.StatusInternalServerError)
				return
			}
		}
		w.Write(text)
	})
}

func takesGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(encoding string) bool {
		name, weight, _ := strings.Cut(strings.TrimSpace(encoding), ";")
		return name == "gzip" && strings.TrimSpace(weight) != "q=0"
	})
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

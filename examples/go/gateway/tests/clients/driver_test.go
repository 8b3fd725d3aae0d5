//go:build clients

package clients

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A browser is a headless Chromium, driven through the WebDriver protocol.
type browser struct {
	t    testing.TB
	base string
}

// elementKey names an element in the WebDriver protocol.
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// driver starts chromedriver, and gives its address.
func driver() (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	process := exec.Command("chromedriver", fmt.Sprintf("--port=%d", port))
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		return "", nil, fmt.Errorf("chromedriver is needed, of the package chromium-driver: %w", err)
	}
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	stop = func() { process.Process.Kill(); process.Wait() }
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		if response, err := http.Get(address + "/status"); err == nil {
			response.Body.Close()
			return address, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("chromedriver did not start")
}

// open opens a window of a size, light or dark.
func open(t testing.TB, width, height int, scheme string, flags ...string) *browser {
	t.Helper()
	arguments := append([]string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"}, flags...)
	b := &browser{t: t, base: driverAt}
	var made struct {
		ID string `json:"sessionId"`
	}
	b.call("POST", "/session", object{"capabilities": object{"alwaysMatch": object{
		"browserName": "chrome", "goog:chromeOptions": object{"args": arguments}, "goog:loggingPrefs": object{"browser": "ALL"},
	}}}, &made)
	b.base += "/session/" + made.ID
	t.Cleanup(func() {
		b.quiet()
		b.call("DELETE", "", nil, nil)
	})
	b.cdp("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 500})
	b.cdp("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}})
	return b
}

type object = map[string]any

func (b *browser) cdp(command string, parameters object) {
	b.t.Helper()
	b.call("POST", "/goog/cdp/execute", object{"cmd": command, "params": parameters}, nil)
}

func (b *browser) call(method, path string, body, answer any) {
	b.t.Helper()
	if err := b.try(method, path, body, answer); err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
}

func (b *browser) try(method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, b.base+path, content)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var said struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%d %s", response.StatusCode, said.Value)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(said.Value, answer)
}

func (b *browser) visit(url string) {
	b.t.Helper()
	b.call("POST", "/url", object{"url": url}, nil)
}

// find gives an element, once it is there.
func (b *browser) find(selector string) string {
	b.t.Helper()
	var found map[string]string
	b.call("POST", "/element", object{"using": "css selector", "value": selector}, &found)
	return found[elementKey]
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.call("POST", "/element/"+b.find(selector)+"/click", object{}, nil)
}

func (b *browser) fill(selector, text string) {
	b.t.Helper()
	id := b.find(selector)
	b.call("POST", "/element/"+id+"/clear", object{}, nil)
	b.call("POST", "/element/"+id+"/value", object{"text": text}, nil)
}

// press types keys to whatever has the focus.
func (b *browser) press(keys string) {
	b.t.Helper()
	actions := []object{}
	for _, key := range keys {
		actions = append(actions, object{"type": "keyDown", "value": string(key)}, object{"type": "keyUp", "value": string(key)})
	}
	b.call("POST", "/actions", object{"actions": []object{{"type": "key", "id": "keyboard", "actions": actions}}}, nil)
}

// run runs a function of the page, and gives what it returns.
func (b *browser) run(script string) any {
	b.t.Helper()
	var value any
	b.call("POST", "/execute/sync", object{"script": script, "args": []any{}}, &value)
	return value
}

func (b *browser) text(selector string) string {
	b.t.Helper()
	text, _ := b.run(fmt.Sprintf("return document.querySelector(%q)?.innerText ?? ''", selector)).(string)
	return text
}

// view gives which view is shown.
func (b *browser) view() string {
	b.t.Helper()
	view, _ := b.run("return document.querySelector('[data-view]:not([hidden])')?.dataset.view ?? ''").(string)
	return view
}

// await waits until something is so.
func (b *browser) await(what string, so func() bool) {
	b.t.Helper()
	for until := time.Now().Add(patience); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			b.t.Fatalf("this did not come: %s; the page shows %q: %s", what, b.view(), b.text("body"))
		}
	}
}

func (b *browser) awaitView(view string) {
	b.t.Helper()
	b.await("the view "+view, func() bool { return b.view() == view })
}

// quiet has the test fail if the console of the page has an error in it: a
// script that failed, or something that the policy forbids.
func (b *browser) quiet() {
	var entries []struct{ Level, Message string }
	if b.try("POST", "/se/log", object{"type": "browser"}, &entries) != nil {
		return
	}
	for _, entry := range entries {
		// A request that is refused is written down by the browser itself.
		if entry.Level == "SEVERE" && !bytes.Contains([]byte(entry.Message), []byte("Failed to load resource")) {
			b.t.Errorf("the console says %s", entry.Message)
		}
	}
}

// forget has quiet not see what the console has until now.
func (b *browser) forget() {
	b.t.Helper()
	b.call("POST", "/se/log", object{"type": "browser"}, nil)
}

// picture keeps what is shown, if somebody wants to look at it.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("GATEWAY_PICTURES")
	if folder == "" {
		return
	}
	time.Sleep(300 * time.Millisecond)
	var encoded string
	b.call("GET", "/screenshot", nil, &encoded)
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Error(err)
	}
}

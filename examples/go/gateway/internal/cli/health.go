package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/config"
)

// health asks the gateway that runs on this machine whether it is alive, for
// the health checks of containers, or whether it is ready: an error says why it
// is not.
func health(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	address := os.Getenv(config.Variable("ops-listen"))
	if address == "" {
		address = config.OpsListen
	}
	flags.StringVar(&address, "ops-listen", address, "")
	ready := flags.Bool("ready", false, "")
	if err := flags.Parse(arguments); err != nil || flags.NArg() > 0 {
		return fmt.Errorf("it is: gateway health [--ready] [--ops-listen ADDRESS]")
	}
	path := "/livez"
	if *ready {
		path = "/readyz"
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--ops-listen: %w", err)
	}
	// What listens on all addresses is asked on this machine.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("the gateway does not answer: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(text)))
	}
	_, err = out.Write(text)
	return err
}

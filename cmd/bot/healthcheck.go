package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthcheckCmd is for a container's HEALTHCHECK.
type healthcheckCmd struct{}

const maxReason = 4096 // bytes

// Run asks the internal listener of the running bot whether it is well.
func (healthcheckCmd) Run(ctx context.Context, p *program) error {
	cfg, err := loadConfig(p.environ, "CARTABLE_LISTEN_INTERNAL")
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.internal)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+healthPath, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the bot does not answer: %w", err)
	}
	defer resp.Body.Close()
	reason, err := io.ReadAll(io.LimitReader(resp.Body, maxReason))
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode == http.StatusServiceUnavailable && err == nil:
		return fmt.Errorf("the bot is not well: %s", strings.TrimSpace(string(reason)))
	default:
		return fmt.Errorf("something answers at %s with HTTP status %d: is that the bot?", cfg.internal, resp.StatusCode)
	}
}

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// hooksGrace is how long webhooks have to answer what is under way, if
	// --drain-timeout leaves as much.
	hooksGrace = 2 * time.Second
	// stepSlow is how long a step of the stop takes before the log tells of it.
	stepSlow = time.Second
	// stepAgain is the time between two lines about the same step.
	stepAgain = 10 * time.Second
)

// drain ends everything in order. What is not orderly does not wait for load
// balancers.
func (s *Server) drain(orderly bool) {
	s.log.Info("draining")
	s.draining.Store(true)
	s.api.Drain()
	if orderly && s.config.DrainDelay > 0 {
		s.log.Info("the stop waits for load balancers to notice it", "drain_delay", s.config.DrainDelay.String())
		time.Sleep(s.config.DrainDelay)
	}
	// No connection is made any more; those that are open are closed with their
	// next answer, so that no request is lost on one that is just being closed.
	s.listener.Close()
	s.api.End()
	s.clients.await(s.config.DrainIdle)
	limited, cancel := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer cancel()
	s.step(func() string { return fmt.Sprintf("requests: %d connections are open", s.clients.count()) }, func() {
		if err := shutdown(limited, s.main); err != nil {
			s.log.Warn("some requests did not end", "error", err)
			s.main.Close()
		}
	})
	s.cancel()
	// Webhooks answer while the sessions are closed.
	until, _ := limited.Deadline()
	s.hooks.End(max(0, min(hooksGrace, time.Until(until))))
	s.step(func() string { return "the disk: old records are being removed" }, func() { <-s.tidied })
	s.closeStores()
	if s.ops != nil {
		s.ops.Close()
	}
	s.log.Info("ended")
}

// shutdown waits until requests have ended. That the listener is closed already
// is no failure.
func shutdown(ctx context.Context, server *http.Server) error {
	if err := server.Shutdown(ctx); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// closeStores closes what is open, the sources of events first.
func (s *Server) closeStores() {
	if s.sessions != nil {
		s.step(func() string { return fmt.Sprintf("sessions: %d are being closed", len(s.sessions.List())) }, s.sessions.Close)
	}
	if s.events != nil {
		s.step(func() string { return fmt.Sprintf("the disk: %d events are to be written", s.events.Waiting()) }, s.events.Close)
	}
	if s.hooks != nil {
		s.step(func() string { return fmt.Sprintf("webhooks: %d deliveries are under way", s.hooks.UnderWay()) }, s.hooks.Close)
	}
	if s.audit != nil {
		s.step(func() string {
			return fmt.Sprintf("the disk: %d entries of the audit are to be written", s.audit.Waiting())
		}, s.audit.Close)
	}
	if s.db != nil {
		s.step(func() string { return "the disk: gateway.db is being closed" }, func() { s.db.Close() })
	}
}

// step does a part of the stop, and has the log say what it waits for as long as
// that takes.
func (s *Server) step(what func() string, do func()) {
	ended := make(chan struct{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		for pause := stepSlow; ; pause = stepAgain {
			select {
			case <-time.After(pause):
				s.log.Info("the stop waits", "for", what())
			case <-ended:
				return
			}
		}
	}()
	do()
	close(ended)
	<-told
}

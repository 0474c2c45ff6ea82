package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"cartable/vault"
)

// One process has the vault open. While that is `bot run`, `bot backup` gets its copy from there, over a socket
// beside the vault which the system opens to the same user only. What passes is as sealed as the vault.

// lendTime bounds one copy: while it is made, the vault keeps its old pages.
const lendTime = 5 * time.Minute

func (c config) lenderPath() string { return filepath.Join(c.data, "backup.sock") }

// lender gives copies of the vault away.
type lender struct {
	listener net.Listener
	vault    *vault.Vault
	log      *slog.Logger
}

// listenLender makes the socket. One that is there already is of a bot that was killed: the vault is ours.
func listenLender(path string, v *vault.Vault, log *slog.Logger) (*lender, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &lender{listener: l, vault: v, log: log}, nil
}

// serve gives one copy after the other until ctx is done. The socket is gone when it returns.
func (l *lender) serve(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { _ = l.listener.Close() })()
	for {
		conn, err := l.listener.Accept()
		if err == nil {
			l.lend(ctx, conn)
			continue
		}
		if ctx.Err() == nil { // no reason to stop the bot
			l.log.Warn("no more copies of the vault until the next start", "error", err)
			_ = l.listener.Close()
		}
		return
	}
}

func (l *lender) lend(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close()
	err := conn.SetDeadline(time.Now().Add(lendTime))
	if err == nil {
		err = l.vault.Backup(conn, markCopied)
	}
	if err != nil {
		l.log.Warn("a copy of the vault was not taken", "error", err)
		return
	}
	l.log.Info("a copy of the vault was taken")
}

// borrowCopy reads a copy from the running bot.
func borrowCopy(ctx context.Context, path string) (io.ReadCloser, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

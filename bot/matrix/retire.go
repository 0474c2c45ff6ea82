//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// retireDevices deletes the devices that the bot had before: they would go on being sent keys. It is no
// trouble when that fails, and tried again at the next connection.
func (l *connection) retireDevices(ctx context.Context) {
	retired, err := l.a.store.Retired()
	if err == nil {
		err = l.retire(ctx, retired)
	}
	if err != nil {
		l.a.log.Warn("former devices not deleted", "error", err)
	}
}

// retire deletes what the vault gave up, and after the login of a new device also what a lost vault had: such
// devices are known by their name.
func (l *connection) retire(ctx context.Context, retired []id.DeviceID) error {
	session, err := l.a.store.Session()
	if err != nil || len(retired) == 0 && !session.Sweep {
		return err
	}
	answer, err := l.cli.GetDevicesInfo(ctx)
	if err != nil {
		return fail("list devices", err)
	}
	var former []id.DeviceID
	for _, d := range answer.Devices {
		ours := slices.Contains(retired, d.DeviceID) || session.Sweep && d.DisplayName == deviceName
		if ours && d.DeviceID != l.cli.DeviceID {
			former = append(former, d.DeviceID)
		}
	}
	if len(former) > 0 {
		switch err := l.deleteDevices(ctx, former); {
		case err == nil:
			l.a.log.Info("former devices deleted", "count", len(former))
		case passing(err) || tokenLost(err):
			return err
		default: // it would be refused at each start
			l.a.log.Warn("the homeserver does not let the bot delete its former devices: log them out in the account's settings there",
				"count", len(former), "error", err)
		}
	}
	return l.a.store.Swept()
}

// deleteDevices asks twice: the first answer names the authentication that the server wants.
func (l *connection) deleteDevices(ctx context.Context, devices []id.DeviceID) error {
	request := mautrix.ReqDeleteDevices[any]{Devices: devices}
	ask := func() ([]byte, error) {
		return l.cli.MakeFullRequest(ctx, mautrix.FullRequest{
			Method: http.MethodPost, URL: l.cli.BuildClientURL("v3", "delete_devices"),
			RequestJSON: &request, SensitiveContent: true,
		})
	}
	body, err := ask()
	if statusOf(err) != http.StatusUnauthorized {
		return fail("delete devices", err)
	}
	var question mautrix.RespUserInteractive
	if err := json.Unmarshal(body, &question); err != nil {
		return errors.New("matrix: delete devices: unreadable answer")
	}
	if request.Auth, err = l.authenticate(&question); err != nil {
		return fmt.Errorf("matrix: delete devices: %w", err)
	}
	_, err = ask()
	return fail("delete devices", err)
}

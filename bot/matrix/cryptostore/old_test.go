//go:build goolm

package cryptostore

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/vault"
)

// TestAnOldVaultIsRead opens what version 0.1 wrote, converted. Its README says what is in it.
func TestAnOldVaultIsRead(t *testing.T) {
	const folder = "../../../core/testdata/vaults/"
	var facts struct {
		Matrix struct {
			Device    id.DeviceID  `json:"device"`
			Sender    id.SenderKey `json:"olm_sender"`
			Session   id.SessionID `json:"olm_session"`
			Handled   id.EventID   `json:"handled"`
			SyncToken string       `json:"sync_token"`
		} `json:"matrix"`
	}
	noError(t, json.Unmarshal(value[[]byte](t)(os.ReadFile(folder+"0.1.json")), &facts))
	key := value[vault.Key](t)(vault.ParseKey(string(value[[]byte](t)(os.ReadFile(folder + "0.1.key")))))
	path := filepath.Join(t.TempDir(), "vault.db")
	noError(t, os.WriteFile(path, value[[]byte](t)(os.ReadFile(folder+"0.1.db")), 0o600))
	lost := value[int](t)(vault.Convert(path, key, path+".old", func(v *vault.Vault) error { return MarkCopied(v) }))
	equal(t, lost, 0)

	v := value[*vault.Vault](t)(vault.Open(path, key))
	defer v.Close()
	s := value[*Store](t)(New(v, nil))
	equal(t, s.Unreadable(), 0)
	equal(t, value[Session](t)(s.Session()).DeviceID, facts.Matrix.Device)
	equal(t, value[string](t)(s.LoadNextBatch(background, "@cartable:example.org")), facts.Matrix.SyncToken)
	equal(t, value[bool](t)(s.Handled(facts.Matrix.Handled)), true)
	equal(t, s.findOlm(facts.Matrix.Sender, facts.Matrix.Session) != nil, true)
	equal(t, len(value[deviceMap](t)(s.GetDevices(background, alice))), 2)
	equal(t, value[bool](t)(s.IsEncrypted(background, room1)), true)
	sameNames(t, value[[]id.UserID](t)(s.GetRoomJoinedOrInvitedMembers(background, room1)), []id.UserID{alice})
	member := value[*event.MemberEventContent](t)(s.GetMember(background, room1, bob))
	equal(t, member.Membership, event.MembershipLeave)
}

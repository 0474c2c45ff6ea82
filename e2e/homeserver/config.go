package homeserver

import (
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

const (
	configName = "dendrite.yaml"
	keyName    = "key.pem"
)

// config is the least that Dendrite asks for, without the secret that lets Register make accounts. Every
// component has a SQLite file of its own: one for all is for PostgreSQL only.
const config = `version: 2
global: {server_name: ` + Name + `, private_key: ` + keyName + `, disable_federation: true, jetstream: {storage_path: ./jetstream}}
client_api: {registration_shared_secret: "%s", rate_limiting: {enabled: false}}
federation_api: {database: {connection_string: "file:federation.db"}}
key_server: {database: {connection_string: "file:key.db"}}
media_api: {base_path: ./media, database: {connection_string: "file:media.db"}}
mscs: {database: {connection_string: "file:mscs.db"}}
relay_api: {database: {connection_string: "file:relay.db"}}
room_server: {database: {connection_string: "file:room.db"}}
sync_api: {database: {connection_string: "file:sync.db"}}
user_api: {account_database: {connection_string: "file:user.db"}, bcrypt_cost: 4}
logging: [{type: std, level: warn}]
`

// configure writes the settings and a new signing key into dir.
func configure(dir, secret string) error {
	if err := os.WriteFile(filepath.Join(dir, configName), fmt.Appendf(nil, config, secret), 0o600); err != nil {
		return err
	}
	seed := make([]byte, 32)
	rand.Read(seed) // never fails
	key := pem.EncodeToMemory(&pem.Block{Type: "MATRIX PRIVATE KEY", Headers: map[string]string{"Key-ID": "ed25519:e2e"}, Bytes: seed})
	return os.WriteFile(filepath.Join(dir, keyName), key, 0o600)
}

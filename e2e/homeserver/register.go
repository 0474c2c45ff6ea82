package homeserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

const registerPath = "/_synapse/admin/v1/register"

// registration is what the server wants to be told; its answer to a GET has the nonce.
type registration struct {
	Nonce    string `json:"nonce"`
	Username string `json:"username"`
	Password string `json:"password"`
	Admin    bool   `json:"admin"`
	MAC      string `json:"mac"`
}

// Register makes an account; its id is "@name:localhost". Passwords have 8 characters at least.
func (s *Server) Register(name, password string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	status, answer, err := s.register(ctx, name, password)
	if err != nil || status != http.StatusOK {
		s.t.Fatalf("homeserver: register %s: %d %s %v", name, status, answer, err)
	}
}

// isOurs tells whether it is this server that answers at its address, and not another that was given the
// same port: only this one knows the secret. It then refuses the empty password; another refuses the code.
func (s *Server) isOurs(ctx context.Context) bool {
	status, _, err := s.register(ctx, "nobody", "")
	return err == nil && status == http.StatusBadRequest
}

func (s *Server) register(ctx context.Context, name, password string) (status int, answer []byte, err error) {
	r := registration{Username: name, Password: password}
	if status, answer, err = s.admin(ctx, http.MethodGet, nil); err != nil || status != http.StatusOK {
		return status, answer, err
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return 0, nil, err
	}
	mac := hmac.New(sha1.New, []byte(s.secret))
	mac.Write([]byte(strings.Join([]string{r.Nonce, name, password, "notadmin"}, "\x00")))
	r.MAC = hex.EncodeToString(mac.Sum(nil))
	return s.admin(ctx, http.MethodPost, r)
}

func (s *Server) admin(ctx context.Context, method string, in any) (status int, answer []byte, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+registerPath, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	return resp.StatusCode, answer, err
}

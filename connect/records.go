package connect

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/vault"
)

// The kinds of secrets in the vault. What is stored has field names of its own: it outlives the program.
const (
	appKind   = "app"
	shopKind  = "connection"
	tokenKind = "token"
)

type appRecord struct {
	Channel string   `json:"channel"`
	Key     string   `json:"key"`
	BaseURL string   `json:"base_url,omitzero"`
	AuthURL string   `json:"auth_url,omitzero"`
	Secrets []string `json:"secrets"`
}

func (a appRecord) app(id string) channels.App {
	return channels.App{ID: id, Channel: a.Channel, Key: a.Key, BaseURL: a.BaseURL, AuthURL: a.AuthURL, Secrets: a.Secrets}
}

type shopRecord struct {
	App     string            `json:"app"`
	Channel string            `json:"channel"`
	ShopID  string            `json:"shop_id"`
	Name    string            `json:"name"`
	Cipher  string            `json:"cipher,omitzero"`
	Extra   map[string]string `json:"extra,omitzero"`
	Token   string            `json:"token"`
}

func (s shopRecord) shop(id string) shop {
	return shop{
		Connection: channels.Connection{ID: id, App: s.App, Channel: s.Channel, ShopID: s.ShopID, Name: s.Name, Cipher: s.Cipher, Extra: s.Extra},
		token:      s.Token,
	}
}

type tokenRecord struct {
	Access         string    `json:"access"`
	AccessExpires  time.Time `json:"access_expires,omitzero"`
	Refresh        string    `json:"refresh"`
	RefreshExpires time.Time `json:"refresh_expires,omitzero"`
	Scopes         string    `json:"scopes,omitzero"`
}

// secrets reads every secret of a kind.
func secrets[R, T any](ctx context.Context, v *vault.Vault, kind string, read func(R, string) T) (map[string]T, error) {
	values, err := v.Secrets(ctx, kind)
	if err != nil {
		return nil, fmt.Errorf("open the connections: %w", err)
	}
	all := make(map[string]T, len(values))
	for id, value := range values {
		var record R
		if json.Unmarshal(value, &record) != nil { // its error could quote a secret
			return nil, fmt.Errorf("open the connections: secret %s %s cannot be read", kind, id)
		}
		all[id] = read(record, id)
	}
	return all, nil
}

func put(ctx context.Context, v *vault.Vault, kind, id string, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode secret %s %s: %w", kind, id, err)
	}
	return v.PutSecret(ctx, kind, id, value)
}

// drawer keeps a token pair in the vault.
type drawer struct {
	vault *vault.Vault
	id    string
}

// Token implements channels.Tokens; a pair that is not there is the zero Token.
func (d drawer) Token(ctx context.Context) (channels.Token, error) {
	value, found, err := d.vault.Secret(ctx, tokenKind, d.id)
	if err != nil || !found {
		return channels.Token{}, err
	}
	var t tokenRecord
	if json.Unmarshal(value, &t) != nil {
		return channels.Token{}, fmt.Errorf("token %s cannot be read", d.id)
	}
	return channels.Token(t), nil
}

// SetToken implements channels.Tokens.
func (d drawer) SetToken(ctx context.Context, t channels.Token) error {
	return put(ctx, d.vault, tokenKind, d.id, tokenRecord(t))
}

package instagramsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// asked is the body of every control call; each reads the fields it needs.
type asked struct {
	Account  *Account `json:"account"`
	ID       string   `json:"id"` // of the account
	Catalog  string   `json:"catalog"`
	Item     *Item    `json:"item"`
	Code     string   `json:"code"`
	Comment  *Comment `json:"comment"`
	Kind     string   `json:"kind"`
	Scopes   []string `json:"scopes"`
	Callback string   `json:"callback"`
	Fields   []string `json:"fields"`
	Times    int      `json:"times"` // how often; 0 = once
}

// ControlHandler is the JSON plane for whoever drives the simulator from another process. It has no guard of its own:
// mount it under /_sim/ (with http.StripPrefix) on loopback only. Refusals are {"error": …} with 404 or 400.
//
//	POST /accounts {account}              POST /items {catalog, item} → {id}      POST /items/remove {catalog, code}
//	POST /comments {id, comment, times}   → {id} of the last                      POST /tokens {id, kind} → {token}
//	POST /tokens/end {id}                 POST /scopes {id, scopes}               POST /callback {callback, fields}
//	POST /faults Faults (whole)           GET  /items?catalog&code → Item         GET  /counts, /callback
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	post := func(pattern string, do func(a asked) (any, error)) {
		mux.HandleFunc("POST "+pattern, func(w http.ResponseWriter, r *http.Request) {
			var a asked
			err := readJSON(w, r, &a)
			var answer any
			if err == nil {
				answer, err = do(a)
			}
			writeControl(w, answer, err)
		})
	}
	post("/accounts", func(a asked) (any, error) {
		if a.Account == nil || a.Account.ID == "" {
			return nil, ErrInvalid
		}
		s.AddAccount(*a.Account)
		return nil, nil
	})
	post("/items", func(a asked) (any, error) {
		if a.Item == nil {
			return nil, ErrInvalid
		}
		id, err := s.AddItem(a.Catalog, *a.Item)
		return obj{"id": id}, err
	})
	post("/items/remove", func(a asked) (any, error) { return nil, s.RemoveItem(a.Catalog, a.Code) })
	post("/comments", func(a asked) (answer any, err error) {
		if a.Comment == nil {
			return nil, ErrInvalid
		}
		for range max(a.Times, 1) {
			id, err := s.Comment(a.ID, *a.Comment)
			if answer = (obj{"id": id}); err != nil {
				return nil, err
			}
		}
		return answer, nil
	})
	post("/tokens", func(a asked) (any, error) {
		value := s.NewToken(a.ID, a.Kind)
		if value == "" {
			return nil, ErrUnknown
		}
		return obj{"token": value}, nil
	})
	post("/tokens/end", func(a asked) (any, error) { s.EndTokens(a.ID); return nil, nil })
	post("/scopes", func(a asked) (any, error) { return nil, s.SetScopes(a.ID, a.Scopes...) })
	post("/callback", func(a asked) (any, error) { s.SetCallback(a.Callback, a.Fields...); return nil, nil })
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var f Faults
		err := readJSON(w, r, &f)
		if err == nil {
			s.SetFaults(f)
		}
		writeControl(w, nil, err)
	})
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, r *http.Request) {
		item, err := s.Item(r.URL.Query().Get("catalog"), r.URL.Query().Get("code"))
		writeControl(w, item, err)
	})
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) { writeControl(w, s.Counts(), nil) })
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, _ *http.Request) {
		address, subscribed := s.Callback()
		writeControl(w, obj{"callback": address, "fields": subscribed}, nil)
	})
	return mux
}

// readJSON refuses fields it does not know: a misspelt fault would otherwise be a fault never injected.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(ErrInvalid, err)
	}
	return nil
}

func writeControl(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case errors.Is(err, ErrUnknown):
		w.WriteHeader(http.StatusNotFound)
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	}
	if err != nil {
		answer = obj{"error": err.Error()}
	} else if answer == nil {
		answer = obj{}
	}
	_ = json.NewEncoder(w).Encode(answer) // a client that left is its own affair
}

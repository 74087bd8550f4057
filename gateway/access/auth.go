package access

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/vault"
)

type subjectKey struct{}

// From is who makes the request; the zero Subject is nobody.
func From(ctx context.Context) Subject {
	s, _ := ctx.Value(subjectKey{}).(Subject)
	return s
}

// Allow lets a request through to h when its subject may do the action, and has not asked too much
// when the route is limited.
func (a *Access) Allow(action Action, limited bool, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		needs := action
		if needs == Measure && !a.o.Edge.Secure {
			needs = Open // without https only this machine can ask
		}
		s, err := a.who(r)
		if err != nil && needs != Open {
			edge.Write(w, r, a.o.Answer(r.Context(), err))
			return
		}
		if err != nil {
			s = Subject{} // what is open to anybody is open to who cannot be recognised
		}
		if limited {
			if p := a.limits.take(w, s, a.o.Edge.Client(r)); p != nil {
				edge.Write(w, r, p)
				return
			}
		}
		switch {
		case !Can(s, needs) && s.Name == "":
			w.Header().Set("WWW-Authenticate", "Bearer")
			edge.Write(w, r, edge.NewProblem(http.StatusUnauthorized, "Sign in, or send an API key as Authorization: Bearer cf_…"))
			return
		case !Can(s, needs):
			edge.Write(w, r, edge.NewProblem(http.StatusForbidden, "Your role does not allow this. Ask an owner."))
			return
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), subjectKey{}, s)))
	})
}

// who recognises the subject by API key or session cookie. What is not recognised is nobody.
func (a *Access) who(r *http.Request) (Subject, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		key, ok := strings.CutPrefix(header, "Bearer ")
		if !ok {
			return Subject{}, nil
		}
		k, err := a.o.Accounts.Key(r.Context(), vault.Secret(key))
		if errors.Is(err, vault.ErrNotFound) {
			return Subject{}, nil
		}
		if err != nil {
			return Subject{}, err
		}
		return Subject{Name: "key:" + k.Prefix, Role: k.Role, Scopes: k.Scopes}, nil
	}
	cookie, err := r.Cookie(a.CookieName())
	if err != nil {
		return Subject{}, nil //nolint:nilerr // no cookie is nobody, not a fault
	}
	s, err := a.o.Accounts.Session(r.Context(), vault.Secret(cookie.Value))
	if errors.Is(err, vault.ErrNotFound) {
		return Subject{}, nil
	}
	if err != nil {
		return Subject{}, err
	}
	return Subject{Name: "user:" + s.User, User: s.User, Session: s.ID, Role: s.Role}, nil
}

// CookieName is bound to the host and to https where there is https.
func (a *Access) CookieName() string {
	if a.o.Edge.Secure {
		return "__Host-session"
	}
	return "session"
}

func (a *Access) cookie(value string, maxAge int) http.Cookie {
	return http.Cookie{ //nolint:gosec // without https, thus on this machine alone, a Secure cookie would be dropped
		Name: a.CookieName(), Value: value, Path: "/", MaxAge: maxAge,
		Secure: a.o.Edge.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

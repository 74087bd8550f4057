package connect

import (
	"errors"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Consent is the page at which a seller says yes to an app. It leads back to the address that the app has at the channel,
// with what Authorize needs and with the state. Asked is what the channel must know for it.
func (r *Registry) Consent(appID string, asked channels.Grant, state string) (string, error) {
	r.mu.RLock()
	app, ok := r.apps[appID]
	r.mu.RUnlock()
	v := r.vendors[app.Channel]
	switch {
	case !ok:
		return "", ErrNoApp
	case v.Consent == nil:
		return "", eventlog.Refusal(v.Title + " has no page of consent: enter what the form asks for.")
	case state == "":
		return "", eventlog.Refusal("The consent page needs a state that nobody can guess.")
	}
	if err := asked.Check(v.Ask); err != nil {
		return "", refusal(err)
	}
	page, err := v.Consent(app, asked, state)
	return page, refusal(err)
}

// refusal makes a broken field an answer for whoever typed it.
func refusal(err error) error {
	var i channels.Invalid
	if errors.As(err, &i) {
		return eventlog.Refusal("The field " + i.Field + " " + i.Rule)
	}
	return err
}

package connect

import "github.com/creatorflow/creatorflow/eventlog"

// Consent is the page at which a seller says yes to an app. It leads back to the address that the app has at the channel,
// with a code for Authorize, which works once, and with the state. Service is the channel's id of the app's public page;
// us says that the seller sells in the United States, where the channel may have a page of its own.
func (r *Registry) Consent(appID, service, state string, us bool) (string, error) {
	r.mu.RLock()
	app, ok := r.apps[appID]
	r.mu.RUnlock()
	if !ok {
		return "", ErrNoApp
	}
	if service == "" || state == "" {
		return "", eventlog.Refusal("The consent page needs the app's service id and a state that nobody can guess.")
	}
	return vendors[app.Channel].consent(app, service, state, us), nil
}

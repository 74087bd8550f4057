package plans

import (
	workspaceevents "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
)

// ConfigureWorkspace is the body of the command that says what the business is called and what it counts in.
type ConfigureWorkspace struct {
	Name     *string             `json:"name,omitempty" maxLength:"400"`
	Zone     *string             `json:"zone,omitempty" maxLength:"100" doc:"an IANA name such as Europe/London"`
	Currency *string             `json:"currency,omitempty" maxLength:"100" doc:"an ISO 4217 code such as GBP"`
	Title    *string             `json:"orders_title,omitempty" maxLength:"200" doc:"what the page of all orders is called; empty = Orders"`
	Versions *workspace.Versions `json:"versions,omitempty" doc:"those of the workspace that was read; a named field that was set since answers 412"`
}

// Plan plans the command.
func (b ConfigureWorkspace) Plan(w string) eventlog.Request {
	c := workspace.Configure{Name: b.Name, Zone: b.Zone, Currency: b.Currency, OrdersTitle: b.Title, Seen: b.Versions}
	return One(workspaceevents.Stream(w), workspace.Configuring(), c)
}

// Package twin makes the broken twins that the drills must catch: programs that lack one safeguard.
//
// A build with the tag drill is all of them: CREATORFLOW_TWIN=early_ack takes one safeguard out, and
// without the variable all are in place. In every other build each switch is a constant false, so that
// the compiler leaves out what it guards.
package twin

// Variable names the safeguard that is taken out.
const Variable = "CREATORFLOW_TWIN"

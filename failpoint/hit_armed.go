//go:build drill

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var (
	armed, nth = arm(os.Getenv(Variable))
	hits       atomic.Int64
)

func arm(setting string) (Point, int64) {
	name, times, _ := strings.Cut(setting, ":")
	n, err := strconv.ParseInt(times, 10, 64)
	if setting != "" && err != nil {
		panic(Variable + " is a place and the time that it kills at, such as log.commit.before:3")
	}
	return Point(name), n
}

// Hit kills this process at the place that is armed, at the time that is set.
func Hit(p Point) {
	if p == armed && hits.Add(1) == nth {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // never fails for oneself
		select {}
	}
}

package delivery

import (
	"fmt"
)

// RegionPattern returns the pattern of what can be the name of a region. Clouds add regions, so there is
// no list: the name only has to fit into a host name.
var RegionPattern = LazyRegexp(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// CheckRegion returns an error for a region that, put into a host name, would name another
// host. from is where it was found, and example one of the cloud's
// regions. No region at all is no error.
func CheckRegion(region, from, example string) error {
	if region == "" || RegionPattern().MatchString(region) {
		return nil
	}
	return fmt.Errorf("%s is %q, which is not the name of a region. %s is one, for example", from, region, example)
}

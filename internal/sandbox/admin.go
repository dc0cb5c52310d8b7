package sandbox

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
)

const adminPrefix = "/_sandbox/"

// A route is one administrative request: "METHOD /_sandbox/path", its description, and its
// handler. The result or the error of the handler is sent as JSON.
type route struct {
	pattern string
	about   string
	handle  func(*http.Request) (any, error)
}

// notFound is the error of a route for something that does not exist. Every other error is
// a mistake of the caller.
type notFound string

func (e notFound) Error() string { return string(e) + " does not exist" }

// described is what a test or a route describes, to start it or to have it.
type described interface{ check() error }

// valid returns a description of a test. If it is invalid, the test is wrong, so valid panics.
func valid[T described](d T) T {
	if err := d.check(); err != nil {
		panic(err)
	}
	return d
}

// given returns the handler of a route whose body is what do starts.
func given[T described, R any](do func(T) R) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		d, err := adminBody[T](r)
		if err == nil {
			err = d.check()
		}
		if err != nil {
			return nil, err
		}
		return do(d), nil
	}
}

// all returns the handler of a route that shows all of something.
func all[T any](list func() []T) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) { return list(), nil }
}

// states returns the states of everything in a map, by their ids.
func states[E, T any](lock sync.Locker, of map[string]E, state func(id string) (T, bool)) []T {
	lock.Lock()
	ids := slices.Sorted(maps.Keys(of))
	lock.Unlock()
	return existing(ids, state)
}

// existing returns the states of what exists.
func existing[T any](ids []string, state func(id string) (T, bool)) []T {
	found := []T{}
	for _, id := range ids {
		if one, ok := state(id); ok {
			found = append(found, one)
		}
	}
	return found
}

// named returns the handler of a route about one thing, whose id is in the path.
func named[T any](kind string, do func(id string) (T, bool)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		state, known := do(r.PathValue("id"))
		if !known {
			return nil, notFound(kind + " " + r.PathValue("id"))
		}
		return state, nil
	}
}

// removed returns the handler of a route that removes one thing, whose id is in the path.
func removed(kind string, do func(id string) bool) func(*http.Request) (any, error) {
	return named(kind, func(id string) (struct{}, bool) { return struct{}{}, do(id) })
}

func (s *Sandbox) adminMux() *http.ServeMux {
	routes := []route{
		{"GET /_sandbox/requests", "all requests, oldest first", all(s.RequestLog)},
		{"DELETE /_sandbox/requests", "forget all requests", func(*http.Request) (any, error) {
			s.ResetRequestLog()
			return struct{}{}, nil
		}},
		{"GET /_sandbox/faults", "injected faults", all(s.Faults)},
		{"POST /_sandbox/faults", "inject one Fault", given(func(f Fault) Fault {
			s.Inject(f)
			return f
		})},
		{"DELETE /_sandbox/faults", "clear all faults", func(*http.Request) (any, error) {
			s.ClearFaults()
			return struct{}{}, nil
		}},
		{"POST /_sandbox/reset", "forget everything", func(*http.Request) (any, error) {
			s.Reset()
			return struct{}{}, nil
		}},
	}
	for _, svc := range s.services {
		routes = append(routes, svc.routes()...)
	}
	about := map[string]string{}
	for _, r := range routes {
		about[r.pattern] = r.about
	}
	routes = append(routes, route{pattern: "GET /_sandbox/{$}", handle: func(*http.Request) (any, error) {
		return about, nil
	}})

	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
			status := http.StatusOK
			out, err := r.handle(req)
			if err != nil {
				status = http.StatusBadRequest
				if missing := notFound(""); errors.As(err, &missing) {
					status = http.StatusNotFound
				}
				out = map[string]string{"error": err.Error()}
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(out)
		})
	}
	return mux
}

// adminBody refuses unknown members, because a test with a misspelt option could pass for
// the wrong reason.
func adminBody[T any](r *http.Request) (T, error) {
	var in T
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	return in, err
}

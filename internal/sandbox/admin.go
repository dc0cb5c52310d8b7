package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
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

func (s *Sandbox) adminMux() *http.ServeMux {
	routes := []route{
		{"GET /_sandbox/requests", "all requests, oldest first", func(*http.Request) (any, error) {
			return s.RequestLog(), nil
		}},
		{"DELETE /_sandbox/requests", "forget all requests", func(*http.Request) (any, error) {
			s.ResetRequestLog()
			return struct{}{}, nil
		}},
		{"GET /_sandbox/faults", "injected faults", func(*http.Request) (any, error) {
			return s.Faults(), nil
		}},
		{"POST /_sandbox/faults", "inject one Fault", func(r *http.Request) (any, error) {
			f, err := adminBody[Fault](r)
			if err == nil {
				err = f.check()
			}
			if err != nil {
				return nil, err
			}
			s.Inject(f)
			return f, nil
		}},
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

package delivery

import (
	"context"
	"sync"
)

// SharedRequest makes one request for all who need its result at the same time. All
// callers get the same result, even an error, so a server that does not answer delays many
// callers no longer than one. The zero value is ready for use.
type SharedRequest[T any] struct {
	mu      sync.Mutex
	current *sharedRequest[T]
}

type sharedRequest[T any] struct {
	done   chan struct{}
	cancel context.CancelFunc
	// waiting counts the callers. The request ends when none is left.
	waiting int
	result  T
	err     error
}

// Get returns the result of the request that is under way, or else makes it. The
// context of the request does not end with ctx, because others may wait, too.
// When ctx ends, Get returns its cause.
func (s *SharedRequest[T]) Get(ctx context.Context, request func(context.Context) (T, error)) (result T, err error) {
	if ctx.Err() != nil { // The request would be cut off at once.
		return result, context.Cause(ctx)
	}
	r := s.join(ctx, request)
	select {
	case <-r.done:
		return r.result, r.err
	case <-ctx.Done():
		s.leave(r)
		return result, context.Cause(ctx)
	}
}

func (s *SharedRequest[T]) join(ctx context.Context, request func(context.Context) (T, error)) *sharedRequest[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := &sharedRequest[T]{done: make(chan struct{}), cancel: cancel}
		s.current = r
		go func() {
			defer cancel()
			r.result, r.err = request(lasting)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.end(r)
			close(r.done)
		}()
	}
	s.current.waiting++
	return s.current
}

func (s *SharedRequest[T]) leave(r *sharedRequest[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.waiting--; r.waiting == 0 {
		s.end(r)
		r.cancel()
	}
}

// end lets nobody join the request any more. It needs the lock.
func (s *SharedRequest[T]) end(r *sharedRequest[T]) {
	if s.current == r {
		s.current = nil
	}
}

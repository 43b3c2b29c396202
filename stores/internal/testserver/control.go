package testserver

import (
	"os"
	"slices"
	"time"
)

// Kill ends the server as kill -9 does, with all its processes.
func (s *Server) Kill() {
	s.mustBeOwn()
	if s.gate != nil {
		s.gate.Refuse(true)
		s.gate.Cut()
		s.Resume()
		for p := s.processes[0]; p.alive() && s.written() != nil; {
			time.Sleep(5 * time.Millisecond)
		}
	}
	for _, p := range slices.Backward(s.processes) {
		p.kill()
	}
}

// Stop ends the server in good order.
func (s *Server) Stop() {
	s.mustBeOwn()
	if s.gate != nil {
		s.gate.Refuse(true)
	}
	for _, p := range slices.Backward(s.processes) {
		p.stop(p.orderly)
	}
}

// Start starts the server again, on the same files and address, after Kill or
// Stop. It returns once the server answers.
func (s *Server) Start() {
	s.mustBeOwn()
	for _, p := range s.processes {
		if err := p.start(); err != nil {
			panic("testserver: " + err.Error() + "\n" + s.log())
		}
	}
	if s.gate != nil {
		s.gate.Refuse(false)
	}
}

// Pause stops the server's processes where they are (SIGSTOP): connections stay,
// and nothing is answered.
func (s *Server) Pause() {
	s.mustBeOwn()
	for _, p := range slices.Backward(s.processes) {
		p.pause()
	}
}

// Resume lets them go on.
func (s *Server) Resume() {
	s.mustBeOwn()
	for _, p := range s.processes {
		p.resume()
	}
}

// mustBeOwn panics, as a test that kills somebody's database is to be mended.
func (s *Server) mustBeOwn() {
	if !s.own {
		panic("testserver: " + s.kind.driver + " at " + s.address + " was not started here; ask Own first, or take the test's own")
	}
}

// end ends the server fast, and without leaving anything in the system.
func (s *Server) end() {
	if s.gate != nil {
		s.gate.close()
	}
	for _, p := range slices.Backward(s.processes) {
		p.resume()
		p.stop(p.fast)
	}
	os.RemoveAll(s.dir)
}

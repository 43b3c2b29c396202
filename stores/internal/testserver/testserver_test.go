package testserver

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var kinds = []*kind{&postgres, &mariaDB, &redis, &mongoDB, &dynamoDB}

// Each server starts, answers, and does so again after every way of ending it.
func TestControl(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.driver, func(t *testing.T) {
			begin := time.Now()
			s := k.getOwn(t)
			t.Logf("started after %v", time.Since(begin))
			if !s.Own() {
				t.Fatal("Own of a server of one's own is false")
			}
			for _, end := range []struct {
				name string
				do   func()
			}{{"Kill", s.Kill}, {"Kill, twice", func() { s.Kill(); s.Kill() }}, {"Stop", s.Stop}} {
				begin := time.Now()
				end.do()
				if conn, err := dial(s); err == nil {
					conn.Close()
					t.Errorf("somebody listens after %s", end.name)
				}
				s.Start()
				conn, err := dial(s)
				if err != nil {
					t.Fatalf("after %s and Start: %v", end.name, err)
				}
				conn.Close()
				t.Logf("%s and Start: %v", end.name, time.Since(begin))
			}
			s.Pause()
			answers := make(chan error, 1)
			go func() { answers <- s.processes[len(s.processes)-1].ready() }()
			select {
			case err := <-answers:
				if k != &postgres { // its answer is a file
					t.Errorf("a paused server answers: %v", err)
				}
			case <-time.After(50 * time.Millisecond):
			}
			s.Resume()
			for _, p := range s.processes {
				if err := p.ready(); err != nil {
					t.Errorf("after Resume: %v", err)
				}
			}
		})
	}
}

// A process that starts servers and is killed leaves none of them behind.
func TestOutlived(t *testing.T) {
	if os.Getenv("TESTSERVER_OUTLIVED") != "" {
		for _, k := range kinds {
			t.Run(k.driver, func(t *testing.T) {
				s := k.getOwn(t)
				for _, p := range s.processes {
					fmt.Println("server", p.pid(), s.dir)
				}
			})
		}
		fmt.Println("all")
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestOutlived$")
	cmd.Env = append(os.Environ(), "TESTSERVER_OUTLIVED=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids, dirs := []int{}, []string{}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "all"; {
		var pid int
		var dir string
		if n, _ := fmt.Sscanf(lines.Text(), "server %d %s", &pid, &dir); n == 2 {
			pids, dirs = append(pids, pid), append(dirs, dir)
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if len(pids) == 0 {
		t.Skip("no server is installed")
	}
	await(t, func() error {
		for i, pid := range pids {
			if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && len(state) > 0 {
				return fmt.Errorf("process %d is still there: %q", pid, state)
			}
			if _, err := os.Stat(filepath.Dir(dirs[i])); !os.IsNotExist(err) {
				return fmt.Errorf("%s is still there", filepath.Dir(dirs[i]))
			}
		}
		return nil
	})
}

// What one test gets is what all get, and processes started by them.
func TestShared(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.driver, func(t *testing.T) {
			s := k.get(t)
			if k.get(t) != s {
				t.Error("two calls give two servers")
			}
			if got := os.Getenv(k.variable); got != s.URL() {
				t.Errorf("%s is %q, and the URL %q", k.variable, got, s.URL())
			}
		})
	}
}

func await(t *testing.T, condition func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = condition(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func dial(s *Server) (net.Conn, error) {
	network, address := s.Addr()
	return net.Dial(network, address)
}

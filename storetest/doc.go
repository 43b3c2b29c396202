// Package storetest is the conformance suite for storage backends: ours, and
// yours. Every sentence of [prompty.TemplateStorage] and of the capabilities
// has a check here, and a failing check names the rule that was broken.
//
// A backend's author needs one test. It makes an empty place for the data, and
// gives a function that opens it, again and again:
//
//	func TestStorage(t *testing.T) {
//		open := func(t testing.TB) storetest.Place {
//			file := filepath.Join(t.TempDir(), "prompts.log")
//			return func() (prompty.TemplateStorage, error) { return logstore.Open(file) }
//		}
//		t.Run("suite", func(t *testing.T) { storetest.Run(t, open) })
//		t.Run("wrapped", func(t *testing.T) { storetest.RunWrapped(t, open) })
//		t.Run("model", func(t *testing.T) { storetest.Model(t, open) })
//	}
//
// What a backend cannot do is said as a [Claim], never passed over in silence.
// A capability is checked where [prompty.As] finds it; with [Has] it must be
// there. [Processes] runs several real processes on one place and kills them
// at random moments; [Bench] measures.
//
// The guide docs/custom-storage.md leads from nothing to a passing backend.
package storetest

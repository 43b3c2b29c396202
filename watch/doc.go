// Package watch tells what changes in a folder, by content and in milliseconds:
// which files came, went or have another text, whoever wrote them and with
// whatever tool. It knows nothing of prompts.
//
//	folder, err := watch.Open(ctx, "./prompts", watch.Options{})
//	if err != nil {
//		return err
//	}
//	defer folder.Close()
//	revision, files := folder.List()
//	for batch := range folder.Watch(ctx, revision) {
//		for _, c := range batch.Changes {
//			fmt.Println(c.Kind, c.Name, c.Hash)
//		}
//	}
package watch

package notify

import (
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// remoteTypes are the numbers, from the kernel's sources, of file systems that
// change behind its back. FUSE is all that a program of the user's serves;
// virtiofs has its number, too.
var remoteTypes = map[uint32]string{
	0x00006969: "nfs",
	0x0000517b: "smbfs",
	0xff534d42: "cifs",
	0xfe534d42: "smb2",
	0x0000564c: "ncpfs",
	0x01021997: "9p",
	0x65735546: "fuse",
	0x5346414f: "afs",
	0x6b414653: "kafs",
	0x00c36400: "ceph",
	0x73757245: "coda",
	0x0bd00bd0: "lustre",
	0x01161970: "gfs2",
	0x7461636f: "ocfs2",
	0x47504653: "gpfs",
	0x19830326: "beegfs",
	0x20030528: "orangefs",
	0x786f4256: "vboxsf",
	0xbacbacbc: "vmhgfs",
	0x7c7c6673: "prl_fs",
	0x53464846: "wslfs",
	0x00009fa0: "proc",
	0x62656572: "sysfs",
	0x64626720: "debugfs",
	0x27e0eb00: "cgroup",
	0x63677270: "cgroup2",
}

// localTypes are named for humans only.
var localTypes = map[uint32]string{
	0x0000ef53: "ext4",
	0x58465342: "xfs",
	0x9123683e: "btrfs",
	0x01021994: "tmpfs",
	0x2fc12fc1: "zfs",
	0xf2f52010: "f2fs",
	0xca451a4e: "bcachefs",
	0x794c7630: "overlay",
	0x00004d44: "vfat",
	0x2011bab0: "exfat",
	0x858458f6: "ramfs",
}

// Remote reports the type of the file system at path, and whether changes can
// happen in it that this system hears nothing of: over the network, from a
// virtual machine's host, or in a program or the kernel that makes its content.
func Remote(path string) (fsType string, yes bool, err error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return "", false, &fs.PathError{Op: "statfs", Path: path, Err: err}
		}
	}
	magic := uint32(st.Type)
	if name, ok := remoteTypes[magic]; ok {
		return name, true, nil
	}
	if name, ok := localTypes[magic]; ok {
		return name, false, nil
	}
	return fmt.Sprintf("%#x", magic), false, nil
}

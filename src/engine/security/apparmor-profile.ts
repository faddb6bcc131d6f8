/** Docker's name for it: tools and manifests ask for it by this name, and the two are worth the same. */
export const DEFAULT_PROFILE = 'docker-default';

/** Directories of /proc and /sys in which writing would change the host. */
const PROC = 'acpi,asound,bus,driver,dynamic_debug,fs,irq,mpt,pressure,scsi,sysvipc,tty';
const PROC_SYS = 'abi,crypto,debug,dev,fs,net,sunrpc,user,vm';
const SYS = 'block,bus,class,dev,devices,firmware,hypervisor,kernel,module,power';

/**
 * What AppArmor adds to a container's other walls (apparmor.d(5)): nothing is mounted, the host's kernel is not
 * configured through /proc and /sys, and processes outside are neither traced nor signalled. All else is left to
 * namespaces, capabilities and seccomp. Of a path's rules that match, deny wins. A shared memory limit
 * (/proc/sys/kernel/shm*) belongs to the container's own ipc namespace, and cgroups to whoever gets them writable.
 */
export const defaultProfile = (name = DEFAULT_PROFILE): string => `
profile ${name} flags=(attach_disconnected,mediate_deleted) {
  file,
  network,
  capability,
  umount,
  deny mount,

  # The host's processes and the runtimes, which some distributions confine, may stop a container.
  signal (receive) peer=unconfined,
  signal (receive) peer=crun,
  signal (receive) peer=runc,
  signal (send, receive) peer=${name},
  ptrace (trace, read, tracedby, readby) peer=${name},

  deny /proc/* w,
  deny /proc/{${PROC}}/** w,
  deny /proc/sys/{${PROC_SYS}}/** w,
  deny /proc/sys/kernel/{[^s],s[^h],sh[^m]}** w,
  deny /proc/{kcore,sysrq-trigger} rwklx,

  deny /sys/{${SYS}}/** wklx,
  deny /sys/fs/{[^c],c[^g]}** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
}
`;

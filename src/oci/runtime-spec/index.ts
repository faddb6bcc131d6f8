export type { Device, IntelRdt, Linux, Namespace, NamespaceType } from './linux.ts';
export type { BlockIoLimits, CpuLimits, DeviceRule, MemoryLimits, Resources, Throttle } from './resources.ts';
export type {
  Seccomp,
  SeccompAction,
  SeccompFlag,
  SeccompOperator,
  SyscallArgument,
  SyscallRule,
} from './seccomp.ts';
export type {
  Capabilities,
  Hook,
  Hooks,
  IdMapping,
  IoPriorityClass,
  Mount,
  Process,
  Rlimit,
  Root,
  Scheduler,
  Spec,
  State,
  User,
} from './spec.ts';

import { compareSync } from 'bcryptjs';
import { serve } from '#lib/thread';

const handlers = { matches: (password: string, hash: string): boolean => compareSync(password, hash) };
export type PasswordThread = typeof handlers;

serve(handlers);

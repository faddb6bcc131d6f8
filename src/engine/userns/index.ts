/** User namespaces: whose ids on the host the users of containers are. */
export { type IdReservation, USERNS_MODES, UserNamespaces, type UsernsMode } from './user-namespaces.ts';

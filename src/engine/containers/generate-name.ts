import { randomInt } from 'node:crypto';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const ADJECTIVES = words(`
  able adrift amber azure becalmed bold breezy bright brisk briny buoyant calm candid cheery coastal
  coral crisp daring deep eager early fair faithful fleet foggy frosty gallant gentle golden gusty hardy
  hearty jolly keen laden leeward limber lively lofty lunar mellow merry misty moored nimble northern
  patient placid polar proud quiet rolling rugged salty seaworthy serene silver sleek southern stately
  steady stout sturdy sunlit swift tidal tidy trim trusty upright vast vivid wandering watchful western
  windward wistful yare
`);

const NOUNS = words(`
  albatross anchor atoll auk barge barque beacon berth bollard bosun bowsprit brig buoy capstan captain
  caravel catamaran clipper cog compass cormorant corvette current cutter davit dhow dinghy dolphin dory
  eider estuary ferry fjord foresail frigate galleon galley gannet halyard harbour hawser helm heron
  island jetty jib kayak keel kelp ketch kittiwake lagoon lantern lighthouse lugger mainsail mariner
  mast mizzen narwhal nautilus oar osprey otter packet pelican pier pilot pinnace porpoise puffin purser
  quay reef rigging rudder sampan schooner seal sextant shoal skiff sloop spinnaker sprit starfish tern
  tide tiller topsail trawler tugboat walrus wharf whaler winch yacht yawl
`);

const TRIES = 6;

/** `adjective_noun`; with a number behind it once a few of those turned out to be taken. */
export function generateName(
  isTaken: (name: string) => boolean,
  random: (limit: number) => number = randomInt,
): string {
  for (let tries = 0; ; tries++) {
    const pair = `${ADJECTIVES[random(ADJECTIVES.length)]}_${NOUNS[random(NOUNS.length)]}`;
    // The range of numbers grows with the tries, so that this ends however many names are in use.
    const name = tries < TRIES ? pair : `${pair}${random(10 ** Math.min(tries - TRIES + 1, 9))}`;
    if (!isTaken(name)) return name;
  }
}

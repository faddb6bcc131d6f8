/** What a request's body is. */
export type Body = 'none' | 'archive' | keyof typeof import('./bodies.ts').BODIES;

/** One operation of the Engine API: `{id}` and the like are filled from the world or with nonsense. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: Body;
  /** How the answer comes: at once, without end, or as a connection taken over. */
  readonly answer: 'whole' | 'stream' | 'upgrade' | 'websocket';
  /** It may have to ask a registry, and there is none here. */
  readonly remote: boolean;
}

const LOGS = 'details,follow,stdout,stderr,since,until,timestamps,tail';
const ATTACH = 'detachKeys,logs,stream,stdin,stdout,stderr';
const BUILD =
  'dockerfile,t,extrahosts,q,nocache,cachefrom,pull,rm,forcerm,memory,memswap,cpushares,cpusetcpus,cpuperiod,cpuquota,buildargs,shmsize,squash,labels,networkmode,platform,target,outputs,version';

/** `METHOD path [query] [body] [answer] [remote]`: all of the API, the undocumented operations included. */
const TABLE = `
POST /containers/create name,platform containerCreate
POST /containers/create name containerRun
GET /containers/json all,limit,size,filters,since,before
POST /containers/prune filters,stream
DELETE /containers/{container} v,force,link
GET /containers/{container}/archive path
HEAD /containers/{container}/archive path
PUT /containers/{container}/archive path,noOverwriteDirNonDir,copyUIDGID archive
POST /containers/{container}/attach ${ATTACH} none upgrade
GET /containers/{container}/attach/ws ${ATTACH} none websocket
GET /containers/{container}/changes
GET /containers/{container}/export - none stream
GET /containers/{container}/json size
POST /containers/{container}/kill signal
GET /containers/{container}/logs ${LOGS} none stream
POST /containers/{container}/pause
POST /containers/{container}/rename name
POST /containers/{container}/resize h,w
POST /containers/{container}/restart signal,t
POST /containers/{container}/start detachKeys,checkpoint,checkpoint-dir
GET /containers/{container}/stats stream,one-shot none stream
POST /containers/{container}/stop signal,t
GET /containers/{container}/top ps_args
POST /containers/{container}/unpause
POST /containers/{container}/update - containerUpdate
POST /containers/{container}/wait condition none stream
POST /containers/{container}/exec - execCreate
GET /exec/{exec}/json
POST /exec/{exec}/resize h,w
POST /exec/{exec}/start - execStart upgrade
GET /containers/{container}/checkpoints dir
POST /containers/{container}/checkpoints - checkpointCreate
DELETE /containers/{container}/checkpoints/{name} dir
GET /distribution/{remote}/json - none whole remote
POST /build ${BUILD} archive stream remote
POST /build/prune reserved-space,max-used-space,min-free-space,all,filters,stream
POST /build/cancel id
POST /commit container,repo,tag,comment,author,pause,changes containerConfig
POST /images/create fromImage,fromSrc,repo,tag,message,changes,platform archive stream remote
GET /images/get names,platform none stream
GET /images/json all,filters,shared-size,digests,manifests,identity
POST /images/load quiet,platform archive stream
POST /images/prune filters,stream
GET /images/search term,limit,filters none whole remote
DELETE /images/{image} force,noprune,platforms
GET /images/{image}/attestations platform,type,statement
GET /images/{image}/get platform none stream
GET /images/{image}/history platform
GET /images/{image}/json manifests,platform
POST /images/{image}/push tag,platform none stream remote
POST /images/{image}/tag repo,tag
GET /networks filters
GET /networks/ filters
POST /networks/create - networkCreate
POST /networks/prune filters,stream
DELETE /networks/{network}
GET /networks/{network} verbose,scope
POST /networks/{network}/connect - networkConnect
POST /networks/{network}/disconnect - networkDisconnect
GET /volumes filters
POST /volumes/create - volumeCreate
POST /volumes/prune filters,stream
DELETE /volumes/{volume} force
GET /volumes/{volume}
PUT /volumes/{volume} version anything
GET /_ping
HEAD /_ping
POST /auth - auth whole remote
GET /events since,until,filters none stream
GET /info
GET /system/df type,verbose
GET /version
POST /session - anything upgrade
POST /grpc - anything upgrade
OPTIONS /{name}
GET /plugins filters
POST /plugins/create name archive
GET /plugins/privileges remote
POST /plugins/pull remote,name anything
DELETE /plugins/{name} force
POST /plugins/{name}/disable force
POST /plugins/{name}/enable timeout
GET /plugins/{name}/json
POST /plugins/{name}/push
POST /plugins/{name}/set - anything
POST /plugins/{name}/upgrade remote anything
GET /swarm
POST /swarm/init - anything
POST /swarm/join - anything
POST /swarm/leave force
POST /swarm/unlock - anything
GET /swarm/unlockkey
POST /swarm/update version,rotateWorkerToken,rotateManagerToken,rotateManagerUnlockKey anything
GET /nodes filters
GET /nodes/{name}
DELETE /nodes/{name} force
POST /nodes/{name}/update version anything
GET /services filters,status
POST /services/create - anything
GET /services/{name} insertDefaults
DELETE /services/{name}
GET /services/{name}/logs ${LOGS}
POST /services/{name}/update version,registryAuthFrom,rollback anything
GET /tasks filters
GET /tasks/{name}
GET /tasks/{name}/logs ${LOGS}
GET /secrets filters
POST /secrets/create - anything
GET /secrets/{name}
DELETE /secrets/{name}
POST /secrets/{name}/update version anything
GET /configs filters
POST /configs/create - anything
GET /configs/{name}
DELETE /configs/{name}
POST /configs/{name}/update version anything
GET /debug/vars
GET /{name}
POST /{name}/{name} - anything
`;

export const OPERATIONS: readonly Operation[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [method = '', path = '', query = '-', body = 'none', answer = 'whole', remote] = line.split(' ');
    return {
      method,
      path,
      query: query === '-' ? [] : query.split(','),
      body: body as Body,
      answer: answer as Operation['answer'],
      remote: remote === 'remote',
    };
  });

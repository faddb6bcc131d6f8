/** Of this client: the build writes package.json's in. */
declare const BERTH_VERSION: string | undefined;
declare const BERTH_COMMIT: string | undefined;

export const VERSION: string = typeof BERTH_VERSION === 'string' ? BERTH_VERSION : 'development';
export const COMMIT: string = typeof BERTH_COMMIT === 'string' ? BERTH_COMMIT : '';

import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { messageOf, unavailable } from '#lib/errors';

export interface S3Options {
  readonly bucket: string;
  /** Of all keys; ends with a slash unless it is empty. */
  readonly prefix?: string | undefined;
  readonly region?: string | undefined;
  /** Of a store that is not Amazon's. */
  readonly endpoint?: string | undefined;
  /** `endpoint/bucket` in place of `bucket.endpoint`. */
  readonly pathStyle?: boolean | undefined;
  /** Without them: where the SDK looks (environment, profile, instance). */
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
}

export interface S3Object {
  readonly key: string;
  readonly size: number;
  readonly modified: Date;
}

/** A bucket, or what lies below a prefix of one. What is missing is undefined; all else is `unavailable`. */
export class S3Bucket {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix = '', region = 'us-east-1', endpoint, pathStyle, ...keys }: S3Options) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    const { accessKey, secretKey } = keys;
    this.#client = new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint }),
      forcePathStyle: pathStyle ?? endpoint !== undefined,
      // Other stores than Amazon's do not know the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(accessKey !== undefined &&
        secretKey !== undefined && { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } }),
    });
  }

  async size(key: string): Promise<number | undefined> {
    const found = await optional(this.#client.send(new HeadObjectCommand(this.#at(key))));
    return found?.ContentLength;
  }

  async get(
    key: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<{ readonly content: Readable; readonly size: number } | undefined> {
    const part = range && { Range: `bytes=${range.start}-${range.end}` };
    const found = await optional(this.#client.send(new GetObjectCommand({ ...this.#at(key), ...part })));
    if (!found?.Body) return undefined;
    // In Node it is one.
    return { content: found.Body as Readable, size: found.ContentLength ?? 0 };
  }

  async put(key: string, content: Buffer): Promise<void> {
    await available(this.#client.send(new PutObjectCommand({ ...this.#at(key), Body: content })));
  }

  /** In parts, each read when it is its turn; nothing is there until all are. */
  async putParts(key: string, count: number, read: (index: number) => Promise<Buffer>): Promise<void> {
    const at = this.#at(key);
    const { UploadId } = await available(this.#client.send(new CreateMultipartUploadCommand(at)));
    const upload = { ...at, UploadId };
    try {
      const parts: { ETag: string | undefined; PartNumber: number }[] = [];
      const waiting = Array.from({ length: count }, (_, index) => index);
      const work = async () => {
        for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
          const part = { ...upload, PartNumber: index + 1, Body: await read(index) };
          const { ETag } = await available(this.#client.send(new UploadPartCommand(part)));
          parts.push({ ETag, PartNumber: index + 1 });
        }
      };
      await Promise.all([work(), work(), work()]);
      const MultipartUpload = { Parts: parts.toSorted((a, b) => a.PartNumber - b.PartNumber) };
      await available(this.#client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload })));
    } catch (error) {
      await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await optional(this.#client.send(new DeleteObjectCommand(this.#at(key))));
  }

  /** Objects directly below a folder, in the order of their keys. */
  async *list(folder: string, after?: string): AsyncGenerator<S3Object, void> {
    for await (const { Contents = [] } of this.#pages(folder, after)) {
      for (const { Key = '', Size = 0, LastModified = new Date() } of Contents)
        yield { key: Key.slice(this.#prefix.length), size: Size, modified: LastModified };
    }
  }

  /** Folders directly below a folder. */
  async folders(folder: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { CommonPrefixes = [] } of this.#pages(folder))
      found.push(...CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(this.#prefix.length, -1)));
    return found;
  }

  close(): void {
    this.#client.destroy();
  }

  async *#pages(folder: string, after?: string) {
    let token: string | undefined;
    do {
      const page = await available(
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: `${this.#prefix}${folder}/`,
            Delimiter: '/',
            ...(after !== undefined && { StartAfter: `${this.#prefix}${after}` }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        ),
      );
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  #at(key: string) {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${key}` };
  }
}

const available = <T>(answer: Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    throw unavailable(`the object store: ${messageOf(error)}`, error);
  });

async function optional<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const missing =
      error instanceof S3ServiceException &&
      error.$metadata.httpStatusCode === 404 &&
      error.name !== 'NoSuchBucket';
    if (missing) return undefined;
    throw unavailable(`the object store: ${messageOf(error)}`, error);
  }
}

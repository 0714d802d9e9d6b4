"""An S3 server for tests: moto's, on loopback, with faults that a test asks for.

Prints one line of JSON: its address and the keys of the one user who may write. With --auth it checks every signature.
PUT /saoy-fault?from=N&status=S makes the N-th put of an object from now on, and all later ones, answer S; from=0 ends that.
PUT and DELETE /saoy-object/KEY change an object behind everybody's back. GET /saoy-requests answers the requests of S3 so far, one a line: METHOD PATH STATUS. It ends with its standard input.
"""

import argparse
import json
import os
import sys
import threading
from urllib.parse import parse_qs

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "registry"


class Faults:
    def __init__(self, app):
        self.app, self.lock = app, threading.Lock()
        self.start, self.status, self.puts, self.requests, self.owner = 0, 503, 0, [], None

    def __call__(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == "/saoy-fault":
            asked = parse_qs(environ["QUERY_STRING"])
            with self.lock:
                self.start, self.status, self.puts = int(asked["from"][0]), int(asked["status"][0]), 0
            return self.say(start_response, "200 OK", b"")
        if path == "/saoy-requests":
            return self.say(start_response, "200 OK", "\n".join(self.requests).encode())
        if path.startswith("/saoy-object/"):
            key = path.removeprefix("/saoy-object/")
            if method == "PUT":
                body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                self.owner.put_object(Bucket=BUCKET, Key=key, Body=body)
            else:
                self.owner.delete_object(Bucket=BUCKET, Key=key)
            return self.say(start_response, "200 OK", b"")
        if not path.startswith("/" + BUCKET + "/") and path != "/" + BUCKET:
            return self.app(environ, start_response)
        with self.lock:
            if method == "PUT":
                self.puts += 1
            fails = method == "PUT" and 0 < self.start <= self.puts
        if fails:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self.requests.append(f"{method} {path} {self.status}")
            body = b"<Error><Code>SlowDown</Code><Message>a fault of the test</Message></Error>"
            return self.say(start_response, f"{self.status} Fault", body)

        def note(status, headers, *rest):
            self.requests.append(f"{method} {path} {status.split()[0]}")
            return start_response(status, headers, *rest)

        return self.app(environ, note)

    @staticmethod
    def say(start_response, status, body):
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--auth", action="store_true")
    arguments = parser.parse_args()
    if arguments.auth:
        # moto counts actions and checks from this one on; all that is set up here comes before.
        from moto import settings

        settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
    app = Faults(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["NO_PROXY"] = "127.0.0.1"

    def client(service):
        return boto3.client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="setup",
            aws_secret_access_key="setup",
        )

    app.owner = client("s3")
    app.owner.create_bucket(Bucket=BUCKET)
    # A log is public.
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    app.owner.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    user, key, secret = "office", "office", "secret"
    if arguments.auth:
        iam = client("iam")
        iam.create_user(UserName=user)
        allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy)
        made = iam.create_access_key(UserName=user)["AccessKey"]
        key, secret = made["AccessKeyId"], made["SecretAccessKey"]
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    app.requests.clear()
    print(json.dumps({"url": url, "bucket": BUCKET, "key": key, "secret": secret}), flush=True)
    sys.stdin.read()


main()

// Written by scripts/update-releases.js. No checksum or digest is here that was not seen in the source beside it.
import type { KnownReleases } from './releases.js'

export const knownReleases = {
  kind: [
    {
      version: '0.33.0',
      sha256: {
        amd64: 'aee6151561422756b764a4ae28e7f44cda5af5a9eead3cc9985112b1de8d8e0d',
        arm64: '20022bee6cfcd5086cb7234d218e3454e6090022f2a8f55d1fa7fcf42c3867a2',
        seenIn: 'abd-ulbasit/upgradescope@15079a0dc601 hack/install-tool.sh',
      },
      nodeImage: 'kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5',
      nodeImages: {
        '1.37.0': 'kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5',
        '1.36.4': 'kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed',
        '1.35.8': 'kindest/node:v1.35.8@sha256:07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0',
        '1.34.11': 'kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d',
      },
      nodeImagesSeenIn: 'FairwindsOps/rok8s-scripts@65ce0d4dd989 docs/versions.md',
    },
    {
      version: '0.32.0',
      sha256: {
        amd64: '50030de23cf40a18505f20426f6a8506bedf13c6e509244bd1fa9463721b0f54',
        arm64: 'b92cd615e97585de8ddade28ed5cd7feb4248d717c233eea5b03c37298900f5d',
        seenIn: 'cert-manager/makefile-modules@f5352119909a modules/tools/00_mod.mk',
      },
      nodeImage: 'kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5',
      nodeImages: {
        '1.36.1': 'kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5',
        '1.35.5': 'kindest/node:v1.35.5@sha256:ce977ae6d65918d0b58a5f8b5e940429c2ce42fa3a5619ec2bbc60b949c0ac95',
        '1.34.8': 'kindest/node:v1.34.8@sha256:02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256',
        '1.33.12': 'kindest/node:v1.33.12@sha256:3f5c8443c620245e4d355cfe09e96a91ead32ceaa569d3f1ca9edf0cb2fe2ff4',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/cluster-api@ae7ff047db49 test/infrastructure/kind/mapper.go',
    },
    {
      version: '0.31.0',
      sha256: {
        amd64: 'eb244cbafcc157dff60cf68693c14c9a75c4e6e6fedaf9cd71c58117cb93e3fa',
        arm64: '8e1014e87c34901cc422a1445866835d1e666f2a61301c27e722bdeab5a1f7e4',
        seenIn: 'cert-manager/makefile-modules@2fee92077365 modules/tools/00_mod.mk',
      },
      nodeImage: 'kindest/node:v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f',
      nodeImages: {
        '1.35.0': 'kindest/node:v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f',
        '1.34.3': 'kindest/node:v1.34.3@sha256:08497ee19eace7b4b5348db5c6a1591d7752b164530a36f855cb0f2bdcbadd48',
        '1.33.7': 'kindest/node:v1.33.7@sha256:d26ef333bdb2cbe9862a0f7c3803ecc7b4303d8cea8e814b481b09949d353040',
        '1.32.11': 'kindest/node:v1.32.11@sha256:5fc52d52a7b9574015299724bd68f183702956aa4a2116ae75a63cb574b35af8',
        '1.31.14': 'kindest/node:v1.31.14@sha256:6f86cf509dbb42767b6e79debc3f2c32e4ee01386f0489b3b2be24b0a55aac2b',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/cluster-api@ae7ff047db49 test/infrastructure/kind/mapper.go',
    },
    {
      version: '0.30.0',
      sha256: {
        amd64: '517ab7fc89ddeed5fa65abf71530d90648d9638ef0c4cde22c2c11f8097b8889',
        arm64: '7ea2de9d2d190022ed4a8a4e3ac0636c8a455e460b9a13ccf19f15d07f4f00eb',
        seenIn: 'cert-manager/makefile-modules@99b162ac67ad modules/tools/00_mod.mk',
      },
      nodeImage: 'kindest/node:v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a',
      nodeImages: {
        '1.34.0': 'kindest/node:v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a',
        '1.33.4': 'kindest/node:v1.33.4@sha256:25a6018e48dfcaee478f4a59af81157a437f15e6e140bf103f85a2e7cd0cbbf2',
        '1.32.8': 'kindest/node:v1.32.8@sha256:abd489f042d2b644e2d033f5c2d900bc707798d075e8186cb65e3f1367a9d5a1',
        '1.31.12': 'kindest/node:v1.31.12@sha256:0f5cc49c5e73c0c2bb6e2df56e7df189240d83cf94edfa30946482eb08ec57d2',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/cluster-api@ae7ff047db49 test/infrastructure/kind/mapper.go',
    },
    {
      version: '0.29.0',
      sha256: {
        amd64: 'c72eda46430f065fb45c5f70e7c957cc9209402ef309294821978677c8fb3284',
        arm64: '03d45095dbd9cc1689f179a3e5e5da24b77c2d1b257d7645abf1b4174bebcf2a',
        seenIn: 'cert-manager/makefile-modules@fdc858d5ea76 modules/tools/00_mod.mk',
      },
      nodeImage: 'kindest/node:v1.33.1@sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f',
      nodeImages: {
        '1.33.1': 'kindest/node:v1.33.1@sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f',
        '1.32.5': 'kindest/node:v1.32.5@sha256:e3b2327e3a5ab8c76f5ece68936e4cafaa82edf58486b769727ab0b3b97a5b0d',
        '1.31.9': 'kindest/node:v1.31.9@sha256:b94a3a6c06198d17f59cca8c6f486236fa05e2fb359cbd75dabbfc348a10b211',
        '1.30.13': 'kindest/node:v1.30.13@sha256:397209b3d947d154f6641f2d0ce8d473732bd91c87d9575ade99049aa33cd648',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/cluster-api@ae7ff047db49 test/infrastructure/kind/mapper.go',
    },
    {
      version: '0.28.0',
      sha256: {
        amd64: 'd7413a42ca28b4afc14c7125a18f386e4e7f007241f776434a93b65c95807b65',
        arm64: '9fc6fbcdddbfdd1d1648a8da0d1f9e09dbd772f01ba815403a2641920db2620f',
        seenIn: 'cashapp/hermit-packages@f0517fd7532f kind.hcl',
      },
      nodeImage: 'kindest/node:v1.33.1@sha256:8d866994839cd096b3590681c55a6fa4a071fdaf33be7b9660e5697d2ed13002',
      nodeImages: {
        '1.33.1': 'kindest/node:v1.33.1@sha256:8d866994839cd096b3590681c55a6fa4a071fdaf33be7b9660e5697d2ed13002',
        '1.32.5': 'kindest/node:v1.32.5@sha256:36187f6c542fa9b78d2d499de4c857249c5a0ac8cc2241bef2ccd92729a7a259',
        '1.31.9': 'kindest/node:v1.31.9@sha256:156da58ab617d0cb4f56bbdb4b493f4dc89725505347a4babde9e9544888bb92',
        '1.30.13': 'kindest/node:v1.30.13@sha256:8673291894dc400e0fb4f57243f5fdc6e355ceaa765505e0e73941aa1b6e0b80',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/cluster-api@e073d9791ea2 test/infrastructure/kind/mapper.go',
    },
    {
      version: '0.27.0',
      sha256: {
        amd64: 'a6875aaea358acf0ac07786b1a6755d08fd640f4c79b7a2e46681cc13f49a04b',
        arm64: '5e4507a41c69679562610b1be82ba4f80693a7826f4e9c6e39236169a3e4f9d0',
        seenIn: 'cert-manager/makefile-modules@b0f1d467e816 modules/tools/00_mod.mk',
      },
      nodeImage: 'kindest/node:v1.32.2@sha256:f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f',
      nodeImages: {
        '1.33.0': 'kindest/node:v1.33.0@sha256:02f73d6ae3f11ad5d543f16736a2cb2a63a300ad60e81dac22099b0b04784a4e',
        '1.32.2': 'kindest/node:v1.32.2@sha256:f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f',
        '1.31.6': 'kindest/node:v1.31.6@sha256:28b7cbb993dfe093c76641a0c95807637213c9109b761f1d422c2400e22b8e87',
        '1.30.10': 'kindest/node:v1.30.10@sha256:4de75d0e82481ea846c0ed1de86328d821c1e6a6a91ac37bf804e5313670e507',
        '1.29.14': 'kindest/node:v1.29.14@sha256:8703bd94ee24e51b778d5556ae310c6c0fa67d761fae6379c8e0bb480e6fea29',
      },
      nodeImagesSeenIn: 'kubernetes-sigs/cluster-api@ae7ff047db49 test/infrastructure/kind/mapper.go',
    },
  ],
  kubectl: [
    { version: '1.37.1', sha256: {} },
    { version: '1.37.0', sha256: {} },
    {
      version: '1.36.4',
      sha256: {
        amd64: '8b8f088da2dab964f853b38464033b1be15ede2839eca751482357c45abdd05a',
        arm64: '0ecf44450ee6063bf19dd166a103ee6df4a9034455c2abce626e6eea657d73fb',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.36.1',
      sha256: {
        amd64: '629d3f410e09bf49b64ae7079f7f0bda1191efed311f7d37fdbab0ad5b0ec2b7',
        arm64: '59f7ee8e477fae658447607dc3c8790ac17a1b016c01c622c12070e969e2d4e7',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.35.8',
      sha256: {
        amd64: '874d5e72dbb819f43cff16bcd1e4f8bac5b7f2361fe1e55049b0a6c676fb0cbf',
        arm64: 'cc749967b62f4422260bc9c0aa7a7c55f45175ae38cb8d95767b5d2b7e04c1fd',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.35.5',
      sha256: {
        amd64: '90f75ea6ecc9ea5633262e1c0b83a40560003b30fc94a04cb099404fcef0c224',
        arm64: 'ac69e06fd6860d69786692f5af1c3a1208ed54f8366a4d97ab15c172e99765ee',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.35.0',
      sha256: {
        amd64: 'a2e984a18a0c063279d692533031c1eff93a262afcc0afdc517375432d060989',
        arm64: '58f82f9fe796c375c5c4b8439850b0f3f4d401a52434052f2df46035a8789e25',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.34.11',
      sha256: {
        amd64: '8efbb9435132a190920eb65a47a8c1ecf755ad85ab57a600c9bedbab460bb7a8',
        arm64: '5b045a4712674c88a56fd98eef4285689738b7fbe8735e1b9ee3509521af5cb4',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.34.8',
      sha256: {
        amd64: 'f6249132865c13abe3c9dd5038f5da65849cb86eee1608c001831504e481aa8c',
        arm64: '4c9fe1f717738950c638c38056130a8db5075e6413ae36d8687221a240cdf88b',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.34.4',
      sha256: {
        amd64: 'd50c359d95e0841eaad08ddc27c7be37cba8fdccfba5c8e2ded65e121ff112db',
        arm64: '5b982c0644ab1e27780246b9085a5886651b4a7ed86243acbb2bacc1bea01dda',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.34.3',
      sha256: {
        amd64: 'ab60ca5f0fd60c1eb81b52909e67060e3ba0bd27e55a8ac147cbc2172ff14212',
        arm64: '46913a7aa0327f6cc2e1cc2775d53c4a2af5e52f7fd8dacbfbfd098e757f19e9',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.34.0',
      sha256: {
        amd64: 'cfda68cba5848bc3b6c6135ae2f20ba2c78de20059f68789c090166d6abc3e2c',
        arm64: '00b182d103a8a73da7a4d11e7526d0543dcf352f06cc63a1fde25ce9243f49a0',
        seenIn: 'kubernetes-sigs/kubespray@46dbdd3994b3 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.33.11',
      sha256: {
        amd64: '5d0ff87b99e4bbc38b9876b3172c414f8691008d291e36f89547318925ce7716',
        arm64: '75ba96c8cc1f74c67ef3890e43186c0f308ee71d71c8d517879fd703c922d903',
        seenIn: 'kubernetes-sigs/kubespray@dee8a18cccd2 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.33.7',
      sha256: {
        amd64: '471d94e208a89be62eb776700fc8206cbef11116a8de2dc06fc0086b0015375b',
        arm64: 'fa7ee98fdb6fba92ae05b5e0cde0abd5972b2d9a4a084f7052a1fd0dce6bc1de',
        seenIn: 'kubernetes-sigs/kubespray@dee8a18cccd2 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.33.4',
      sha256: {
        amd64: 'c2ba72c115d524b72aaee9aab8df8b876e1596889d2f3f27d68405262ce86ca1',
        arm64: '76cd7a2aa59571519b68c3943521404cbce55dafb7d8866f8d0ea2995b396eef',
        seenIn: 'kubernetes-sigs/kubespray@dee8a18cccd2 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.33.1',
      sha256: {
        amd64: '5de4e9f2266738fd112b721265a0c1cd7f4e5208b670f811861f699474a100a3',
        arm64: 'd595d1a26b7444e0beb122e25750ee4524e74414bbde070b672b423139295ce6',
        seenIn: 'kubernetes-sigs/kubespray@dee8a18cccd2 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.33.0',
      sha256: {
        amd64: '9efe8d3facb23e1618cba36fb1c4e15ac9dc3ed5a2c2e18109e4a66b2bac12dc',
        arm64: '48541d119455ac5bcc5043275ccda792371e0b112483aa0b29378439cf6322b9',
        seenIn: 'kubernetes-sigs/kubespray@dee8a18cccd2 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.32.13',
      sha256: {
        amd64: 'db2ae479a63f3665d7f704ab18c0d4d4050144237980763221835b7305703c4c',
        arm64: 'b1f87f196633a89208546d79bfa4e2470bda70e7bf42c4d3adb008ec208da9d1',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.32.11',
      sha256: {
        amd64: '48581d0e808bd8b7d3c3fc014e86b170e25a987df04c8a879b982b28a5180815',
        arm64: 'b1c91c106ec20e61c5dff869e9a39e6af4fb96572bddaac9cce307dfa3ed2348',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.32.8',
      sha256: {
        amd64: '0fc709a8262be523293a18965771fedfba7466eda7ab4337feaa5c028aa46b1b',
        arm64: '8a7371e54187249389a9aa222b150d61a4a745c121ab24dbcbb56d1ac2d0b912',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.32.5',
      sha256: {
        amd64: 'aaa7e6ff3bd28c262f2d95c8c967597e097b092e9b79bcb37de699e7488e3e7b',
        arm64: '9edee84103e63c40a37cd15bd11e04e7835f65cb3ff5a50972058ffc343b4d96',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.32.2',
      sha256: {
        amd64: '4f6a959dcc5b702135f8354cc7109b542a2933c46b808b248a214c1f69f817ea',
        arm64: '7381bea99c83c264100f324c2ca6e7e13738a73b8928477ac805991440a065cd',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.31.14',
      sha256: {
        amd64: '8791ec7c8966b61420d55103a5fb948de9f0ca3d7306d789734975ad9704bdb0',
        arm64: '3abb0c2d7121e1833831f56fd857a93de386e76d14b64baf86220d0afe495209',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.31.12',
      sha256: {
        amd64: 'cf609add577be9c898c52027e800a008331d6b2a202ecc61413e847f7a12ccd0',
        arm64: '1c2cc071a6522682f645c5987c0601be92c14848c5123473904e5ede0721039b',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.31.9',
      sha256: {
        amd64: '720d31a15368ad56993c127a7d4fa2688a8520029c2e6be86b1a877ad6f92624',
        arm64: '1e6de599df408824f13602d73333c08c3528cfa5d6c8c98c633868a966882129',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.31.6',
      sha256: {
        amd64: 'c46b2f5b0027e919299d1eca073ebf13a4c5c0528dd854fc71a5b93396c9fa9d',
        arm64: 'fc40a8bbdba41f022aced2dec729a1b9e937ad99872b430b6c2489f1f36a61f5',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.30.14',
      sha256: {
        amd64: '7ccac981ece0098284d8961973295f5124d78eab7b89ba5023f35591baa16271',
        arm64: 'a32e46ae15fe41292dc6a7cd76beba7104282a5a3fa9e3686319000a537f4f5d',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.30.13',
      sha256: {
        amd64: 'b92bd89b27386b671841d5970b926b645c2ae44e5ca0663cff0f1c836a1530ee',
        arm64: 'afed1753b98ab30812203cb469e013082b25502c864f2889e8a0474aac497064',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
    {
      version: '1.30.10',
      sha256: {
        amd64: 'bc74dbeefd4b9d53f03016f6778f3ffc9a72ef4ca7b7c80fd5dc1a41d52dcab7',
        arm64: '9d65d54f02b0b305d9f3f89d19a60d3e130e09f5407df99f6d48f8c10f31e2ae',
        seenIn: 'kubernetes-sigs/kubespray@aca111311092 roles/kubespray_defaults/vars/main/checksums.yml',
      },
    },
  ],
  metallb: {
    version: '0.16.2',
    manifest: 'config/manifests/metallb-native.yaml',
    sha256: 'e5f7c268f114c446dc60aaad71b7cabf861f637743e033e354d7d48592807c6d',
    seenIn: 'go.universe.tf/metallb@v0.16.2 config/manifests/metallb-native.yaml',
  },
} as const satisfies KnownReleases
